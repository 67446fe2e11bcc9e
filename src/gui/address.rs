//! Files and folders as addresses that the system opens in its own way.

use std::path::Path;

/// The `file:` address of a file or folder; a relative path is taken from the current folder.
pub(super) fn file_url(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    url_of(whole.as_os_str().as_encoded_bytes(), cfg!(windows))
}

/// The address of a whole path. All is written as bytes but what an address may have as it is.
fn url_of(path: &[u8], is_windows: bool) -> String {
    let mut text = String::new();
    for byte in path {
        match byte {
            b'\\' if is_windows => text.push('/'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => text.push(char::from(*byte)),
            b'/' | b':' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(*byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    if is_windows && text.starts_with("//") {
        // On another machine, whose name comes first.
        format!("file:{text}")
    } else if text.starts_with('/') {
        format!("file://{text}")
    } else {
        format!("file:///{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_an_address_is_escaped() {
        let of = |path: &str, is_windows| url_of(path.as_bytes(), is_windows);
        assert_eq!(
            of("/runs/take #1/50%?/é", false),
            "file:///runs/take%20%231/50%25%3F/%C3%A9"
        );
        // A backslash is a letter like others here.
        assert_eq!(of("/a\\b", false), "file:///a%5Cb");
        assert_eq!(of("C:\\my runs\\a-1", true), "file:///C:/my%20runs/a-1");
        assert_eq!(of("\\\\server\\share", true), "file://server/share");
    }

    #[test]
    fn a_relative_path_becomes_a_whole_one() {
        let url = file_url(Path::new("report.html"));
        assert!(url.starts_with("file:///"), "{url}");
        assert!(url.ends_with("/report.html") && url.len() > 20, "{url}");
    }
}
