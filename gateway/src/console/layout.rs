//! What surrounds the content of each page.

use maud::{DOCTYPE, Markup, html};

use super::assets::Asset;
use super::flash::Flash;

/// The five parts of the console, in the order of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Plans,
    Keys,
    Apis,
    Usage,
    Try,
}

impl Section {
    const ALL: [Self; 5] = [Self::Plans, Self::Keys, Self::Apis, Self::Usage, Self::Try];

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Plans => "/console/plans",
            Self::Keys => "/console/keys",
            Self::Apis => "/console/apis",
            Self::Usage => "/console/usage",
            Self::Try => "/console/try",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Plans => "Usage plans",
            Self::Keys => "API keys",
            Self::Apis => "APIs",
            Self::Usage => "Usage",
            Self::Try => "Try it",
        }
    }
}

/// A page between the section and the one that is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crumb<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
}

/// The content of a page.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// The title in the browser, and the last of the breadcrumbs.
    pub(super) title: &'a str,
    /// The part of the menu that it belongs to.
    pub(super) section: Option<Section>,
    /// What stands between the section and the title. The section itself is added.
    pub(super) trail: &'a [Crumb<'a>],
    /// One `h1`, and what it is about.
    pub(super) body: Markup,
}

/// The whole page.
pub(super) fn render(page: Page<'_>, place: &str, flash: Option<&Flash>) -> Markup {
    let Page {
        title,
        section,
        trail,
        body,
    } = page;
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="htmx-config" content=r#"{"includeIndicatorStyles":false,"allowEval":false,"historyCacheSize":0}"#;
                title { (title) " · Tollgate" }
                link rel="icon" type="image/svg+xml" href=(Asset::Icon.path());
                link rel="stylesheet" href=(Asset::Style.path());
                script src=(Asset::Htmx.path()) defer {}
                script src=(Asset::Script.path()) defer {}
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header {
                    p.brand { a href=(Section::Plans.path()) { "Tollgate" } span.place { (place) } }
                    nav aria-label="Console" {
                        ul {
                            @for known in Section::ALL {
                                li {
                                    a href=(known.path()) aria-current=[(section == Some(known)).then_some("page")] {
                                        (known.title())
                                    }
                                }
                            }
                        }
                    }
                }
                main id="content" tabindex="-1" {
                    (breadcrumbs(title, section, trail))
                    @if let Some(flash) = flash { (flash.render()) }
                    (body)
                }
                footer {
                    p { "All times are UTC. Changes go through the management API, and are seen by running functions within 30 seconds." }
                }
            }
        }
    }
}

fn breadcrumbs(title: &str, section: Option<Section>, trail: &[Crumb<'_>]) -> Markup {
    html! {
        @if let Some(section) = section {
            // The page of the section itself has nothing above it.
            @if title != section.title() {
                nav.crumbs aria-label="Breadcrumbs" {
                    ol {
                        li { a href=(section.path()) { (section.title()) } }
                        @for crumb in trail { li { a href=(crumb.path) { (crumb.text) } } }
                        li aria-current="page" { (title) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_marks_its_section_and_has_no_script_or_style_in_it() {
        let page = Page {
            title: "<Gold>",
            section: Some(Section::Plans),
            trail: &[],
            body: html! { h1 { "Gold" } },
        };
        let flash = Flash::done("saved");
        let html = render(page, "local gateway", Some(&flash)).into_string();
        assert!(
            html.contains("<title>&lt;Gold&gt; · Tollgate</title>"),
            "{html}"
        );
        assert!(
            html.contains("<a href=\"/console/plans\" aria-current=\"page\">"),
            "{html}"
        );
        assert_eq!(html.matches("aria-current=\"page\"").count(), 2, "{html}");
        assert!(html.contains("role=\"status\">saved"), "{html}");
        assert!(
            !html.contains("style=") && !html.contains("<style"),
            "{html}"
        );
        assert!(!html.contains("onclick"), "{html}");
        assert_eq!(
            html.matches("<script").count(),
            html.matches("<script src=").count()
        );
    }
}
