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

/// What a page does not say itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    /// The path at which the page was asked for.
    pub(super) path: &'a str,
    /// The table in words.
    pub(super) place: &'a str,
    /// What the page before has left to say.
    pub(super) flash: Option<&'a Flash>,
    /// Whether the page says that something is wrong.
    pub(super) is_error: bool,
}

/// The whole page.
pub(super) fn render(page: Page<'_>, frame: Frame<'_>) -> Markup {
    let Page {
        title,
        section,
        trail,
        body,
    } = page;
    let Frame {
        path,
        place,
        flash,
        is_error,
    } = frame;
    let is_sections_own =
        section.is_some_and(|section| section.path() == path && section.title() == title);
    let current = if is_sections_own { "page" } else { "true" };
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="htmx-config" content=r#"{"includeIndicatorStyles":false,"allowEval":false,"historyCacheSize":0}"#;
                title { @if is_error { "Error: " } (title) (about(title, trail)) " · Tollgate" }
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
                                    a href=(known.path()) aria-current=[(section == Some(known)).then_some(current)] {
                                        (known.title())
                                    }
                                }
                            }
                        }
                    }
                }
                main id="content" tabindex="-1" {
                    @if let Some(section) = section {
                        // The page of the section itself has nothing above it.
                        @if !is_sections_own { (breadcrumbs(title, section, trail)) }
                    }
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

/// What the page is about, where its title does not say so: ` · Gold`.
fn about(title: &str, trail: &[Crumb<'_>]) -> String {
    match trail.last() {
        Some(crumb) if !title.contains(crumb.text) => format!(" · {}", crumb.text),
        Some(_) | None => String::new(),
    }
}

fn breadcrumbs(title: &str, section: Section, trail: &[Crumb<'_>]) -> Markup {
    html! {
        nav.crumbs aria-label="Breadcrumbs" {
            ol {
                li { a href=(section.path()) { (section.title()) } }
                @for crumb in trail { li { a href=(crumb.path) { (crumb.text) } } }
                li aria-current="page" { (title) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn frame<'a>(path: &'a str, flash: Option<&'a Flash>) -> Frame<'a> {
        Frame {
            path,
            place: "local gateway",
            flash,
            is_error: false,
        }
    }

    #[test]
    fn a_plan_that_is_named_like_the_section_has_breadcrumbs_and_the_section_none() {
        let page = || Page {
            title: Section::Plans.title(),
            section: Some(Section::Plans),
            trail: &[],
            body: html! {},
        };
        let has_crumbs = |path| {
            let html = render(page(), frame(path, None)).into_string();
            assert_eq!(html.matches("aria-current=\"page\"").count(), 1, "{html}");
            html.contains("Breadcrumbs")
        };
        assert!(has_crumbs("/console/plans/g"));
        assert!(!has_crumbs("/console/plans"));
    }

    #[test]
    fn the_title_says_what_the_page_is_about_and_whether_something_is_wrong() {
        let page = Page {
            title: "Edit",
            section: Some(Section::Plans),
            trail: &[Crumb {
                path: "/console/plans/g",
                text: "Gold",
            }],
            body: html! {},
        };
        let frame = Frame {
            is_error: true,
            ..frame("/console/plans/g/edit", None)
        };
        let html = render(page, frame).into_string();
        assert!(
            html.contains("<title>Error: Edit · Gold · Tollgate</title>"),
            "{html}"
        );
    }

    #[test]
    fn a_page_marks_its_section_and_has_no_script_or_style_in_it() {
        let page = Page {
            title: "<Gold>",
            section: Some(Section::Plans),
            trail: &[],
            body: html! { h1 { "Gold" } },
        };
        let flash = Flash::done("saved");
        let html = render(page, frame("/console/plans/g", Some(&flash))).into_string();
        assert!(
            html.contains("<title>&lt;Gold&gt; · Tollgate</title>"),
            "{html}"
        );
        assert!(
            html.contains("<a href=\"/console/plans\" aria-current=\"true\">"),
            "{html}"
        );
        assert_eq!(html.matches("aria-current=\"page\"").count(), 1, "{html}");
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
