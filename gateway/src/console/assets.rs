//! The files that pages load: in the program, and under addresses that change with them.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

use super::answer::Answer;
use super::problem::Problem;

/// A file that pages load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asset {
    Style,
    Script,
    /// htmx 2.0.11, as npm has it. Its licence stands beside it.
    Htmx,
    Icon,
}

/// The addresses, in the order of [`Asset::ALL`].
static PATHS: LazyLock<[String; 4]> =
    LazyLock::new(|| Asset::ALL.map(|asset| format!("/console/assets/{}", asset.file_name())));

impl Asset {
    const ALL: [Self; 4] = [Self::Style, Self::Script, Self::Htmx, Self::Icon];

    const fn name(self) -> &'static str {
        match self {
            Self::Style => "console.css",
            Self::Script => "console.js",
            Self::Htmx => "htmx.min.js",
            Self::Icon => "icon.svg",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Style => "text/css; charset=utf-8",
            Self::Script | Self::Htmx => "text/javascript; charset=utf-8",
            Self::Icon => "image/svg+xml",
        }
    }

    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Style => include_bytes!("assets/console.css"),
            Self::Script => include_bytes!("assets/console.js"),
            Self::Htmx => include_bytes!("assets/htmx.min.js"),
            Self::Icon => include_bytes!("assets/icon.svg"),
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Style => 0,
            Self::Script => 1,
            Self::Htmx => 2,
            Self::Icon => 3,
        }
    }

    /// A part of the hash of what is in the file, and its name.
    fn file_name(self) -> String {
        let digest = Sha256::digest(self.bytes());
        let hash = digest
            .iter()
            .take(8)
            .fold(0, |hash: u64, byte| (hash << 8) | u64::from(*byte));
        format!("{hash:016x}-{}", self.name())
    }

    /// Where the file is.
    pub(super) fn path(self) -> &'static str {
        PATHS.get(self.index()).map_or("", String::as_str)
    }
}

pub(super) fn answer(file: &str) -> Result<Answer, Problem> {
    let asset = Asset::ALL.into_iter().find(|asset| {
        let known = asset.path().strip_prefix("/console/assets/");
        known == Some(file)
    });
    let asset = asset.ok_or(Problem::NoSuchPage)?;
    Ok(Answer::asset(asset.content_type(), asset.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_its_address() {
        for asset in Asset::ALL {
            let file = asset.path().strip_prefix("/console/assets/").unwrap();
            assert!(file.ends_with(asset.name()), "{file}");
            assert!(answer(file).is_ok(), "{file}");
        }
        assert!(answer("0000000000000000-console.css").is_err());
        assert!(answer("console.css").is_err());
    }
}
