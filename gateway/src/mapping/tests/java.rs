//! Methods, and how Java prints values.

use super::{check, failure};

#[test]
fn strings_have_javas_methods() {
    check(&[
        (
            "#set($s = ' aBc ')$s.length() $s.trim() $s.trim().toUpperCase() $s.toLowerCase()",
            "5 aBc ABC  abc ",
        ),
        (
            "#set($s = 'abc')$s.isEmpty() $s.contains('bc') $s.startsWith('a') $s.endsWith('a')",
            "false true true false",
        ),
        (
            "#set($s = 'abc')$s.equals('abc') $s.equals('ABC') $s.equalsIgnoreCase('ABC')",
            "true false true",
        ),
        (
            "#set($s = 'abcb')$s.indexOf('b') $s.indexOf('b', 2) $s.indexOf('x') $s.lastIndexOf('b')",
            "1 3 -1 3",
        ),
        (
            "#set($s = 'abcd')$s.substring(1) $s.substring(1, 3) $s.charAt(0) $s.substring(4).length()",
            "bcd bc a 0",
        ),
        (
            "#set($s = 'a.b.c')$s.replace('.', '-') $s.concat('!') $s.toString()",
            "a-b-c a.b.c! a.b.c",
        ),
        (
            "#set($s = '\u{1f600}x')$s.length() $s.indexOf('x') $s.substring(2)",
            "3 2 x",
        ),
        ("#set($s = 'a')$s.unknown() $s.compareTo('b')", " -1"),
    ]);
}

#[test]
fn strings_take_regular_expressions() {
    check(&[
        ("#set($s = 'a1b22')$s.replaceAll('[0-9]+', '#')", "a#b#"),
        (
            "#set($s = 'k=v')$s.replaceAll('(\\w)=(\\w)', '$2=$1') $s.replaceFirst('.', '\\$')",
            "v=k $=v",
        ),
        (
            "#set($s = 'it\\''s')$s.replaceAll(\"\\\\'\", \"'\")",
            "it's",
        ),
        (
            "#set($s = 'it\\''s')$s.replaceAll(\"\\'\", \"-\")",
            "it\\-s",
        ),
        (
            "#set($s = '2026-01-02')$s.matches('\\d{4}-\\d\\d-\\d\\d') $s.matches('\\d')",
            "true false",
        ),
        (
            "#set($s = 'a,b,,c,,')$s.split(',') $s.split(',').size() $s.split(',', 2)",
            "[a, b, , c] 4 [a, b,,c,,]",
        ),
        (
            "#set($s = 'abc')$s.split('') $s.split('x') $s.split('x', -1)",
            "[a, b, c] [abc] [abc]",
        ),
        ("#set($s = 'a|b')$s.split('\\|')[1]", "b"),
    ]);
}

#[test]
fn lists_have_javas_methods() {
    check(&[
        (
            "#set($l = [1, 2])$l.size() $l.get(0) $l.isEmpty() $l.contains(2) $l.contains('2') $l.indexOf(2)",
            "2 1 false true false 1",
        ),
        (
            "#set($l = [])$l.add('a')$l.add(0, 'b') $l $l.remove(0) $l.remove('a') $l",
            "true [b, a] b true []",
        ),
        (
            "#set($l = [1])#set($x = $l.addAll([2, 3]))#set($x = $l.set(0, 9))$x $l $l[-1]",
            "1 [9, 2, 3] 3",
        ),
        ("#set($l = [1])[$l[5]][$l[5].length()]", "[][]"),
    ]);
}

#[test]
fn maps_have_javas_methods_and_keep_their_order() {
    check(&[
        (
            "#set($m = {\"b\": 1, \"a\": 2})$m.get('b') $m.size() $m.isEmpty() $m.keySet() $m.values()",
            "1 2 false [b, a] [1, 2]",
        ),
        (
            "#set($m = {})$m.put('k', 1)|$m.put('k', 2)|$m.containsKey('k') $m.remove('k') $m",
            "|1|true 2 {}",
        ),
        (
            "#set($m = {\"a\": 1, \"b\": 2})#foreach($e in $m.entrySet())$e.key:$e.value:$e.getKey():$e.getValue() $e;#end",
            "a:1:a:1 a=1;b:2:b:2 b=2;",
        ),
        (
            "#set($m = {})$m.getOrDefault('x', 7) $m.get('x').foo()",
            "7 ",
        ),
    ]);
}

#[test]
fn numbers_read_text() {
    check(&[
        (
            "#set($Integer = 0)#set($n = $Integer.parseInt('41') + 1)$n",
            "42",
        ),
        ("#set($d = 2.9)$d.intValue() $d.toString().length()", "2 3"),
        ("#set($n = 5)$n.equals(5) $n.equals('5')", "true false"),
    ]);
    assert_eq!(
        failure("#set($Integer = 0)\n $Integer.parseInt('x')"),
        "line 2, column 10: `x` is no number; test it with `matches` first"
    );
}

#[test]
fn prints_numbers_as_java_does() {
    check(&[
        (
            "#set($x = 1.0)$x #set($x = 0.5)$x #set($x = 12345678.0)$x",
            "1.0 0.5 1.2345678E7",
        ),
        (
            "#set($x = 0.0001)$x #set($x = 10000000.0 * 10)$x #set($x = 0.0)$x",
            "1.0E-4 1.0E8 0.0",
        ),
    ]);
}

#[test]
fn what_throws_in_java_is_an_error_with_its_place() {
    let cases = [
        (
            "a\n#set($s = 'abc')$s.substring(4)",
            "line 2, column 19: `abc` has 3 characters, and the index is beyond them; compare with `length()` first",
        ),
        (
            "#set($s = 'abc')$s.substring(2, 1)",
            "line 1, column 19: `abc` has 3 characters, and the index is beyond them; compare with `length()` first",
        ),
        (
            "#set($l = [1])$l.get(1)",
            "line 1, column 17: the list has 1 items, and the index is not among them; compare with `size()` first",
        ),
        (
            "$util.parseJson('{')",
            "line 1, column 6: `{` is no JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            "#set($s = 'a')$s.replaceAll('a', '$1')",
            "line 1, column 17: `$1` names no group of the pattern; write `\\\\$` before a dollar sign that is text",
        ),
    ];
    for (template, expected) in cases {
        assert_eq!(failure(template), expected, "{template}");
    }
    assert!(failure("#set($s = 'a')$s.matches('(?=a)')").contains("no regular expression"));
}
