//! Literals and operators.

use super::check;

#[test]
fn reads_every_literal() {
    check(&[
        ("#set($x = 'plain $y #if')$x", "plain $y #if"),
        ("#set($y = 2)#set($x = \"in $y#if(true)!#end\")$x", "in 2!"),
        (
            "#set($x = \"a \"\"b\"\" c\")$x #set($x = 'it''s')$x",
            "a \"b\" c it's",
        ),
        ("#set($x = '')[$x]", "[]"),
        (
            "#set($x = 12)$x #set($x = -3)$x #set($x = 1.50)$x",
            "12 -3 1.5",
        ),
        ("#set($x = true)$x #set($x = false)$x", "true false"),
        (
            "#set($x = [])$x #set($x = [1, 'b', [true]])$x",
            "[] [1, b, [true]]",
        ),
        (
            "#set($x = {})$x #set($x = {\"a\": 1, 'b': {\"c\": []}})$x",
            "{} {a=1, b={c=[]}}",
        ),
        (
            "#set($n = 3)#set($x = [1..$n])$x #set($x = [-1..1])$x",
            "[1, 2, 3] [-1, 0, 1]",
        ),
        ("#set( $x\n = [ 1 ,\n 2 ] )$x", "[1, 2]"),
    ]);
}

#[test]
fn binds_operators_as_velocity_does() {
    check(&[
        ("#set($x = 1 + 2 * 3 - 4)$x", "3"),
        ("#set($x = (1 + 2) * 3 % 5)$x", "4"),
        (
            "#set($x = 7 / 2)$x #set($x = 7.0 / 2)$x #set($x = -7 / 2)$x",
            "3 3.5 -3",
        ),
        ("#set($x = 10 - 2 - 3)$x", "5"),
        ("#if(1 + 1 == 2 && 2 < 3 || false)t#{else}f#end", "t"),
        ("#if(!true || !false)t#{else}f#end", "t"),
        ("#if(not true or not false and true)t#{else}f#end", "t"),
        (
            "#set($a = 4)#if($a.equals(4) && !($a > 4))t#{else}f#end",
            "t",
        ),
    ]);
}

#[test]
fn compares_with_signs_and_with_words() {
    check(&[
        (
            "#if(1 < 2)1#end#if(2 <= 2)2#end#if(3 > 2)3#end#if(2 >= 3)4#end",
            "123",
        ),
        (
            "#if(1 lt 2)1#end#if(2 le 2)2#end#if(3 gt 2)3#end#if(2 ge 3)4#end",
            "123",
        ),
        (
            "#if(1 eq 1)1#end#if(1 ne 1)2#end#if(1 == 1.0)3#end#if(\"5\" == 5)4#end",
            "134",
        ),
        (
            "#if('a' == \"a\")1#end#if('a' != 'b')2#end#if('' == 'x')3#end",
            "12",
        ),
        (
            "#if($unset == '')1#end#if($unset != '')2#end#if($unset == $other)3#end",
            "23",
        ),
        (
            "#if('a' < 'b')1#end#if($unset < 1)2#end#if([1] == [1])3#end",
            "3",
        ),
    ]);
}

#[test]
fn joins_text_with_plus() {
    check(&[
        (
            "#set($x = 'a' + 'b')$x #set($x = 'n' + 1)$x #set($x = 1 + 'n')$x",
            "ab n1 1n",
        ),
        ("#set($x = 'l' + [1])$x", "l[1]"),
    ]);
}

#[test]
fn what_has_no_value_is_not_assigned() {
    check(&[
        ("#set($x = 1)#set($x = $unset)$x", "1"),
        ("#set($x = 1 / 0)$x #set($y = 1.0 / 0)$y", "$x $y"),
        ("#set($x = 5 + true)$x", "$x"),
    ]);
}

#[test]
fn assigns_to_members() {
    check(&[
        (
            "#set($m = {})#set($m.a = 1)#set($m[\"b-c\"] = 2)$m",
            "{a=1, b-c=2}",
        ),
        (
            "#set($l = [1, 2])#set($l[1] = 'x')#set($l[9] = 'y')$l",
            "[1, x]",
        ),
        (
            "#set($m = {\"n\": {}})#set($m.n.deep = [])$m",
            "{n={deep=[]}}",
        ),
        (
            "#set($unset.a = 1)#set($s = 'x')#set($s.a = 1)$s$unset",
            "x$unset",
        ),
        ("#set($a = [])#set($b = $a)#set($x = $b.add(1))$a", "[1]"),
    ]);
}
