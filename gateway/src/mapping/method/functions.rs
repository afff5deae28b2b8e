//! The functions of `$util`.

use std::fmt::Write as _;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD},
};
use percent_encoding::percent_decode_str;

use super::{
    super::{error::Position, render::Renderer, value::Value},
    Result, call_error, shown,
};

impl Renderer<'_> {
    pub(super) fn function(
        &mut self,
        name: &str,
        arguments: &[Value],
        position: Position,
    ) -> Result<Value> {
        let [argument] = arguments else {
            return Ok(Value::Null);
        };
        let text = self.text(argument)?;
        match name {
            "escapeJavaScript" => self.made(escape_javascript(&text)),
            "urlEncode" => self.made(form_urlencoded::byte_serialize(text.as_bytes()).collect()),
            "urlDecode" => {
                let spaced = text.replace('+', " ");
                let decoded = percent_decode_str(&spaced).decode_utf8_lossy();
                self.made(decoded.into_owned())
            }
            "base64Encode" => self.made(BASE64_STANDARD.encode(text.as_bytes())),
            "base64Decode" => {
                let compact: String = text.split_whitespace().collect();
                let bytes = BASE64_STANDARD_NO_PAD
                    .decode(compact.trim_end_matches('='))
                    .map_err(|error| {
                        call_error(
                            position,
                            format!("`{}` is no base64: {error}", shown(&text)),
                        )
                    })?;
                self.made(String::from_utf8_lossy(&bytes).into_owned())
            }
            "parseJson" => {
                self.budget.charge(text.len() / 4)?;
                self.heap.read_json(&text).map_err(|error| {
                    call_error(position, format!("`{}` is no JSON: {error}", shown(&text)))
                })
            }
            _ => Ok(Value::Null),
        }
    }
}

/// The escapes of the Java library whose function API Gateway names: quotes of both kinds, the slash, control characters, and everything
/// beyond ASCII.
fn escape_javascript(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' | '/' => {
                out.push('\\');
                out.push(character);
            }
            '\u{8}' => out.push_str("\\b"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            ' '..='\u{7f}' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
        }
    }
    out
}
