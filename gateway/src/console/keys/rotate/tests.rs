use super::*;

#[test]
fn what_stands_in_the_form_is_understood() {
    for former in Former::ALL {
        assert_eq!(Former::parse(&former.value()), Ok(former));
        assert!(parse_overlap(&former.value()).is_ok());
    }
    assert!(Former::parse("8d").is_err());
    assert!(Former::parse("").is_err());
}
