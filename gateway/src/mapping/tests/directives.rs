//! Text, references, directives, white space.

use super::check;

#[test]
fn prints_text_as_it_is() {
    check(&[
        ("", ""),
        ("{\"statusCode\": 200}", "{\"statusCode\": 200}"),
        (
            "costs $5, $ 5, $, #1, #tag and # alone",
            "costs $5, $ 5, $, #1, #tag and # alone",
        ),
        ("#return stays text", "#return stays text"),
        ("#FF0000 #endless", "#FF0000 #endless"),
        ("grüße \u{1f600}", "grüße \u{1f600}"),
        ("a \\ b \\n \\\\", "a \\ b \\n \\\\"),
    ]);
}

#[test]
fn prints_references_in_every_form() {
    check(&[
        ("#set($x = 1)$x ${x} $!x $!{x} ${x}y $x.", "1 1 1 1 1y 1."),
        (
            "$unset ${unset} $unset.a.b() $!unset|$!{unset.a}",
            "$unset ${unset} $unset.a.b() |",
        ),
        ("#set($a-b = 1)$a-b", "1"),
        (
            "#set($m = {\"a\": {\"b\": [1, 2]}})$m.a.b[1] $m[\"a\"].b.size() ${m.a.b[0]}0",
            "2 2 10",
        ),
        (
            "#set($m = {})[$m.missing][$m.missing.deeper()][$!m.missing]",
            "[][][]",
        ),
    ]);
}

#[test]
fn a_backslash_takes_the_meaning_away() {
    check(&[
        ("#set($x = 1)\\$x \\\\$x \\\\\\$x", "$x \\1 \\$x"),
        ("\\$unset \\\\$unset", "\\$unset \\\\$unset"),
        ("\\#if(true) \\#end", "#if(true) #end"),
        ("\\\\#if(true)a#end", "\\a"),
        ("\\#set($x = 1)$x", "#set($x = 1)$x"),
    ]);
}

#[test]
fn leaves_comments_out_and_keeps_raw_text() {
    check(&[
        ("a## to the end\nb", "ab"),
        ("a ## no more", "a "),
        ("a#* over\n lines *#b", "ab"),
        ("a\n## line\nb", "a\nb"),
        ("#[[ $x #if(true) ## ]]#!", " $x #if(true) ## !"),
    ]);
}

#[test]
fn a_directive_takes_the_end_of_its_line() {
    check(&[
        ("#set($x = 1)\n$x\n", "1\n"),
        ("#set($x = 1)  \r\n$x", "1"),
        ("#set($x = 1) $x", " 1"),
        ("a\n  #set($x = 1)\nb", "a\nb"),
        ("#set($y = 0)$y #set($x = 1)$x", "0 1"),
        ("#if(true)\na\n#else\nb\n#end\nc", "a\nc"),
        ("#if(false)\na\n#elseif(true)\nb\n#end\nc", "b\nc"),
        ("  #if(true)\n  a\n  #end\n", "    a\n  "),
        ("#foreach($i in [1, 2])\n$i\n#end\n.", "1\n2\n."),
        ("#if(true) a #else b #end c", " a  c"),
    ]);
}

#[test]
fn takes_the_first_branch_that_is_true() {
    check(&[
        ("#if(true)a#end", "a"),
        ("#if(false)a#end", ""),
        ("#if(false)a#elseif(true)b#else c#end", "b"),
        ("#if(false)a#elseif(false)b#{else}c#end", "c"),
        ("#{if}(true)a#{end}b", "ab"),
        ("#if ( $unset ) a#{else}b#end", "b"),
        ("#if(true)#if(false)a#{else}b#end#{else}c#end", "b"),
    ]);
}

#[test]
fn null_and_false_are_false_and_all_else_is_true() {
    check(&[
        ("#if($unset)t#{else}f#end", "f"),
        ("#if(false)t#{else}f#end", "f"),
        ("#if(\"\")t#{else}f#end", "t"),
        ("#if(0)t#{else}f#end", "t"),
        ("#if([])t#{else}f#end", "t"),
        (
            "#set($r = $input.path('$'))#if($r.missing)t#{else}f#end",
            "t",
        ),
    ]);
}

#[test]
fn goes_through_lists_ranges_and_maps() {
    check(&[
        (
            "#foreach($i in [\"a\", \"b\"])$i#if($foreach.hasNext), #end#end",
            "a, b",
        ),
        (
            "#foreach($i in [1..3])$i#end #foreach($i in [2..0])$i#end",
            "123 210",
        ),
        ("#foreach($v in {\"a\": 1, \"b\": 2})$v#end", "12"),
        (
            "#foreach($i in [5, 6, 7])$foreach.index$foreach.count$velocityCount$foreach.first$foreach.last #end",
            "011truefalse 122falsefalse 233falsetrue ",
        ),
        (
            "#foreach($i in $unset)x#end#foreach($i in \"text\")x#end#foreach($i in [])x#end.",
            ".",
        ),
        ("#set($i = 9)#foreach($i in [1])$i#end$i $!foreach", "19 "),
        (
            "#foreach($i in [1, 2])#foreach($j in [3, 4])$i$j$foreach.index #end$foreach.index;#end",
            "130 141 0;230 241 1;",
        ),
        ("#foreach($t in $input.path('$.tags'))$t#end", "xy"),
    ]);
}

#[test]
fn leaves_a_loop_and_stops_a_template() {
    check(&[
        ("#foreach($i in [1..9])#if($i == 3)#break#end$i#end.", "12."),
        (
            "#foreach($i in [1, 2])#foreach($j in [1, 2])#break#end$i#end",
            "12",
        ),
        ("a#stop b", "a"),
        ("a#foreach($i in [1, 2])$i#if(true)#stop#end#end b", "a1"),
    ]);
}

#[test]
fn a_defined_block_is_rendered_where_it_is_used() {
    check(&[
        ("#define($b)<$x>#end#set($x = 1)$b#set($x = 2)$b", "<1><2>"),
        ("#define($b)a#end#set($s = \"[$b]\")$s $b.length()", "[a] 1"),
    ]);
}
