//! The OpenAPI 3.1 document, made of the table of routes.
//!
//! Schemas come from the same declarations as the contracts' (JSON Schema 2020-12 is what OpenAPI 3.1 uses).

mod bodies;
mod doc;
mod examples;
mod headers;

pub(crate) use doc::Doc;

use crate::{
    access::Access,
    problem::{Kind, Written},
    routes::Route,
};
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::openapi::{
    ComponentsBuilder, Content, HttpMethod, InfoBuilder, Object, OpenApiBuilder, PathItem, PathsBuilder, Ref,
    RefOr, Required, ResponseBuilder, Schema as ApiSchema, Type,
    path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn},
    request_body::RequestBodyBuilder,
    security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
};

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const PROBLEM: &str = "application/problem+json";
const BEARER: &str = "bearer";

/// The whole document as JSON.
pub(crate) fn write(table: &[Route]) -> String {
    let settings = SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into());
    let mut schemas = settings.into_generator();
    let problem = schemas.subschema_for::<Written<'_>>();
    let mut paths = PathsBuilder::new();
    for route in table {
        let operation = operation(route, &mut schemas, &problem);
        paths = paths.path(route.path(), PathItem::new(method(route), operation));
    }
    let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = ComponentsBuilder::new().security_scheme(BEARER, SecurityScheme::Http(bearer)).build();
    let info = InfoBuilder::new().title("Starling").version(env!("CARGO_PKG_VERSION")).description(Some(
        "Orders, from placing to delivery. Money is in minor units. Errors are RFC 9457 problems.",
    ));
    let document =
        OpenApiBuilder::new().info(info.build()).paths(paths.build()).components(Some(components)).build();
    let mut document = serde_json::to_value(&document).expect("the document has only string keys");
    let schemas = schemas.take_definitions(true);
    for route in table {
        let operation = &mut document["paths"][route.path()][route.method().to_lowercase()];
        headers::add(route, operation);
        examples::add(route, operation, &schemas);
    }
    document["components"]["headers"] = Value::Object(headers::components());
    document["components"]["schemas"] = Value::Object(schemas);
    document.to_string()
}

fn method(route: &Route) -> HttpMethod {
    match route.method() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn operation(route: &Route, schemas: &mut SchemaGenerator, problem: &Schema) -> Operation {
    let doc = &route.doc;
    let mut operation = OperationBuilder::new().summary(Some(doc.summary)).tag(doc.tag);
    for parameter in parameters(route, schemas) {
        operation = operation.parameter(parameter);
    }
    if let Some(body) = doc.body {
        let content = Content::new(Some(body.map_or_else(any, |schema| api_schema(schema(schemas)))));
        let body = RequestBodyBuilder::new()
            .content(doc.body_media.unwrap_or(JSON), content)
            .required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    for reply in &doc.replies {
        let mut response = ResponseBuilder::new().description(reply.text);
        if !reply.media.is_empty() {
            let schema = reply.schema.map_or_else(any, |schema| api_schema(schema(schemas)));
            for media in reply.media.split(',') {
                response = response.content(media, Content::new(Some(schema.clone())));
            }
        }
        operation = operation.response(reply.status.to_string(), response);
    }
    for (status, text) in problems(route) {
        let content = Content::new(Some(api_schema(problem.clone())));
        let response = ResponseBuilder::new().description(text).content(PROBLEM, content);
        operation = operation.response(status.to_string(), response);
    }
    if route.access != Access::Anyone {
        operation = operation.security(SecurityRequirement::new(BEARER, Vec::<String>::new()));
    }
    operation.build()
}

fn parameters(route: &Route, schemas: &mut SchemaGenerator) -> Vec<ParameterBuilder> {
    let string = || RefOr::T(ApiSchema::Object(Object::with_type(Type::String)));
    let mut parameters = vec![];
    for name in route.path().split(['{', '}']).skip(1).step_by(2) {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
        parameters.push(parameter.required(Required::True).schema(Some(string())));
    }
    for &(name, required, text) in &route.doc.headers {
        let parameter =
            ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).description(Some(text));
        let required = if required { Required::True } else { Required::False };
        parameters.push(parameter.required(required).schema(Some(string())));
    }
    let Some(query) = route.doc.query.map(|query| query(schemas)) else { return parameters };
    let required = query.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    for (name, schema) in query.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query);
        let needed = if required.contains(&json!(name)) { Required::True } else { Required::False };
        let text = schema.get("description").and_then(Value::as_str);
        let schema = serde_json::from_value(schema.clone()).unwrap_or_else(|_| string());
        parameters.push(parameter.required(needed).description(text).schema(Some(schema)));
    }
    parameters
}

/// The problems that a route can answer, by status.
fn problems(route: &Route) -> BTreeMap<u16, String> {
    let (doc, access) = (&route.doc, route.access);
    let mut kinds = doc.problems.clone();
    if access != Access::Anyone {
        kinds.push(Kind::Unauthenticated);
    }
    if matches!(access, Access::SeesAll | Access::RunsTheShop | Access::Admins) {
        kinds.push(Kind::Forbidden);
    }
    if route.path().contains('{') {
        kinds.push(Kind::NotFound);
    }
    if doc.body.is_some() || doc.query.is_some() {
        kinds.push(Kind::InvalidField);
    }
    if doc.body.is_some() {
        kinds.extend([Kind::InvalidJson, Kind::TooSlow, Kind::TooLarge, Kind::MediaType]);
    }
    if !doc.headers.is_empty() {
        kinds.push(Kind::InvalidHeader);
    }
    if route.path().starts_with("/v1") {
        kinds.extend([Kind::RateLimited, Kind::Internal, Kind::Unavailable]);
    }
    let mut problems: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for kind in kinds {
        problems.entry(kind.status().as_u16()).or_default().push(kind.title());
    }
    problems.into_iter().map(|(status, titles)| (status, titles.join(" · "))).collect()
}

fn any() -> RefOr<ApiSchema> {
    RefOr::T(ApiSchema::Object(Object::new()))
}

/// A reference as it is; what is written out in place goes through JSON.
fn api_schema(schema: Schema) -> RefOr<ApiSchema> {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => RefOr::Ref(Ref::new(reference)),
        None => serde_json::from_value(schema.to_value()).unwrap_or_else(|_| any()),
    }
}
