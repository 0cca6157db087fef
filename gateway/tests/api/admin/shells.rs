//! The pages as they come: nothing of anybody in them, nothing from elsewhere, and nothing that makes markup of text.

use crate::gateway::Gateway;
use gateway::Settings;
use reqwest::Method;
use uuid::Uuid;

#[tokio::test]
async fn everyone_may_have_the_shells_which_say_nothing_and_load_nothing() {
    let url = "https://grafana.example/explore?trace={trace}&left=\"x\"";
    let settings = Settings { gateway_trace_url: url.to_owned(), ..Settings::default() };
    let gateway = Gateway::start_with(settings).await;
    let id = Uuid::now_v7();
    let mut pages = vec![];
    for path in
        [format!("/admin/orders/{id}/timeline"), "/admin/orders/x/timeline".into(), "/admin/flock".into()]
    {
        let page = gateway.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(
            (page.status().as_u16(), &page.headers()["content-type"]),
            (200, &"text/html; charset=utf-8".parse().unwrap())
        );
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        for rule in ["default-src 'none'", "connect-src 'self'", "form-action 'none'", "trusted-types 'none'"]
        {
            assert!(policy.split(';').any(|found| found.trim() == rule), "{rule}: {policy}");
        }
        assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        let page = page.text().await.unwrap();
        for marker in ["/*script*/", "/*style*/", "/*title*/", "/*content*/", "/*trace-url*/"] {
            assert!(!page.contains(marker), "{marker}");
        }
        for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "localStorage"]
        {
            assert!(!page.contains(way), "{way}");
        }
        assert!(page.contains(
            "data-trace-url=\"https://grafana.example/explore?trace={trace}&amp;left=&quot;x&quot;\""
        ));
        let elsewhere = page.matches("http").count();
        // The template, and the names of SVG's elements.
        assert_eq!((elsewhere, page.matches("http://www.w3.org/2000/svg").count()), (2, 1), "{path}");
        assert!(!page.contains(" src=") && !page.contains("@import") && !page.contains("url("), "{path}");
        pages.push(page);
    }
    assert_eq!(pages[0], pages[1], "whichever order is asked for");
}
