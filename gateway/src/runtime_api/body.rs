//! Request bodies, read whole and never beyond a bound.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body;
use http_body_util::BodyExt;

/// A body that was read to its end.
#[derive(Debug, Default)]
pub(super) struct WholeBody {
    /// The content.
    pub(super) content: Bytes,
    /// The trailers, empty when none were sent.
    pub(super) trailers: HeaderMap,
}

/// Why a body could not be used.
#[derive(Debug)]
pub(super) enum ReadError {
    /// It is longer than the limit. The rest was read and thrown away, so that the sender can read its answer.
    TooLarge,
    /// The connection or the encoding broke.
    Broken(String),
}

/// Reads `body` to its end. A body of one frame is not copied.
pub(super) async fn read_whole<B>(body: B, limit_bytes: usize) -> Result<WholeBody, ReadError>
where
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let expected_bytes = body
        .size_hint()
        .exact()
        .and_then(|exact| usize::try_from(exact).ok())
        .unwrap_or(0);
    let mut body = pin!(body);
    let mut whole = WholeBody::default();
    let mut joined = BytesMut::new();
    let mut length_bytes = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ReadError::Broken(error.to_string()))?;
        match frame.into_data() {
            Ok(data) => {
                length_bytes = length_bytes.saturating_add(data.len());
                if length_bytes > limit_bytes {
                    whole.content = Bytes::new();
                    joined = BytesMut::new();
                } else if length_bytes == data.len() {
                    whole.content = data;
                } else {
                    if joined.is_empty() {
                        joined.reserve(expected_bytes.min(limit_bytes).max(length_bytes));
                        joined.extend_from_slice(&whole.content);
                    }
                    joined.extend_from_slice(&data);
                }
            }
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    whole.trailers = trailers;
                }
            }
        }
    }
    if length_bytes > limit_bytes {
        return Err(ReadError::TooLarge);
    }
    if !joined.is_empty() {
        whole.content = joined.freeze();
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body::Frame;

    struct Frames(VecDeque<Bytes>);

    impl Body for Frames {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.pop_front().map(|data| Ok(Frame::data(data))))
        }
    }

    fn frames(parts: &[&'static str]) -> Frames {
        Frames(parts.iter().map(|part| Bytes::from(*part)).collect())
    }

    #[tokio::test]
    async fn joins_frames_in_order() {
        for (parts, expected) in [
            (&[][..], ""),
            (&["abc"][..], "abc"),
            (&["", "a", "", "bc", "d"][..], "abcd"),
        ] {
            let whole = read_whole(frames(parts), 4).await.unwrap();
            assert_eq!(whole.content, expected);
        }
    }

    #[tokio::test]
    async fn refuses_one_byte_more_than_the_limit() {
        let refused = read_whole(frames(&["ab", "cd", "e"]), 4).await;
        assert!(matches!(refused, Err(ReadError::TooLarge)));
    }
}
