//! What a picture is, by its content: what its sender says of it is not asked.

/// The media type; none when it is nothing that browsers show as a picture and as nothing else.
pub fn media_type(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.get(12..16) == Some(b"IHDR") {
        return Some("image/png");
    }
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.ends_with(&[0xff, 0xd9]) {
        return Some("image/jpeg");
    }
    (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")).then_some("image/webp")
}

#[cfg(test)]
mod tests {
    use super::media_type;

    #[test]
    fn pictures_are_known_by_their_content() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR...."), Some("image/png"));
        assert_eq!(media_type(&[0xff, 0xd8, 0xff, 0xe0, 1, 2, 0xff, 0xd9]), Some("image/jpeg"));
        assert_eq!(media_type(b"RIFF\x10\0\0\0WEBPVP8 "), Some("image/webp"));
        for other in [
            &b""[..],
            b"<svg onload=alert(1)>",
            b"GIF89a",
            b"\x89PNG",
            b"\xff\xd8\xff<script>",
            b"RIFF1234WAVE",
        ] {
            assert_eq!(media_type(other), None);
        }
    }
}
