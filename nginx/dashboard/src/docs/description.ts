// The API's description (OpenAPI 3.1), as far as this page shows it.

export interface Schema {
    $ref?: string;
    type?: string | string[];
    properties?: Record<string, Schema>;
    required?: string[];
    additionalProperties?: boolean | Schema;
    items?: Schema;
    anyOf?: Schema[];
    allOf?: Schema[];
    enum?: unknown[];
    const?: unknown;
    format?: string;
    description?: string;
    minimum?: number;
    maximum?: number;
    exclusiveMinimum?: number;
    minLength?: number;
    maxLength?: number;
    minItems?: number;
    maxItems?: number;
    pattern?: string;
    readOnly?: boolean;
    writeOnly?: boolean;
    examples?: unknown[];
    "x-decimal-places"?: number;
}

export interface Parameter {
    name: string;
    in: "path" | "query" | "header";
    description?: string;
    required?: boolean;
    schema: Schema;
}

interface Header {
    description?: string;
    schema: Schema;
}

type Content = Record<string, { schema: Schema; example?: unknown }>;

export interface Answer {
    description: string;
    headers?: Record<string, Header | Reference>;
    content?: Content;
}

interface Reference {
    $ref: string;
}

/// What one of several actions of an operation answers.
interface Action {
    summary: string;
    media: string;
    schema: Schema;
    orMedia?: string;
}

interface RawOperation {
    operationId: string;
    summary: string;
    description?: string;
    tags: string[];
    security: Record<string, string[]>[];
    parameters: (Parameter | Reference)[];
    requestBody?: { content: Content };
    responses: Record<string, Answer | Reference>;
    "x-actions"?: Record<string, Action>;
}

interface SecurityScheme {
    description?: string;
}

/// The whole document.
export interface Description {
    info: { title: string; version: string; description: string };
    tags: { name: string; description: string }[];
    paths: Record<string, Record<string, RawOperation>>;
    components: {
        schemas: Record<string, Schema>;
        securitySchemes: Record<string, SecurityScheme>;
    };
}

/// A method of a path, with all it refers to.
export interface Operation {
    id: string;
    method: string;
    path: string;
    summary: string;
    description: string;
    family: string;
    /// Who may: nobody is asked, anybody who is logged in, administrators.
    access: "everybody" | "users" | "administrators";
    parameters: Parameter[];
    body: Content;
    answers: [status: string, answer: Answer][];
    actions: [name: string, action: Action][];
}

/// What a reference inside of the document means, or the value itself.
export function resolved<T extends object>(whole: Description, value: T | Reference): T {
    if (!("$ref" in value) || typeof value.$ref !== "string") return value as T;
    const found = value.$ref
        .slice(2)
        .split("/")
        .reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], whole);
    return resolved(whole, found as T | Reference);
}

/// What a schema refers to is called: "Order".
export const nameOf = (reference: string) => reference.slice(reference.lastIndexOf("/") + 1);

function accessOf({ security }: RawOperation): Operation["access"] {
    if (security.length === 0) return "everybody";
    return security.some((scheme) => Object.values(scheme).flat().includes("admin"))
        ? "administrators"
        : "users";
}

function operationOf(whole: Description, path: string, method: string, raw: RawOperation): Operation {
    return {
        id: raw.operationId,
        method: method.toUpperCase(),
        path,
        summary: raw.summary,
        description: raw.description ?? "",
        family: raw.tags[0] ?? "",
        access: accessOf(raw),
        parameters: raw.parameters.map((parameter) => resolved<Parameter>(whole, parameter)),
        body: raw.requestBody?.content ?? {},
        answers: Object.entries(raw.responses).map(([status, answer]) => [
            status,
            resolved<Answer>(whole, answer),
        ]),
        actions: Object.entries(raw["x-actions"] ?? {}),
    };
}

/// All operations, in the document's order.
export function operationsOf(whole: Description): Operation[] {
    return Object.entries(whole.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, raw]) => operationOf(whole, path, method, raw)),
    );
}

/// Whether it has all words of a search, wherever they stand.
export function mentions(operation: Operation, search: string): boolean {
    const { id, method, path, summary, description, parameters, actions } = operation;
    const names = [...parameters.map(({ name }) => name), ...actions.map(([name]) => name)];
    const text = [id, method, path, summary, description, ...names].join(" ").toLowerCase();
    return search
        .toLowerCase()
        .split(/\s+/)
        .every((word) => text.includes(word));
}

/// Where the shop's API is: the folder of this page, which is the one the paths begin in.
export const folder = new URL(".", document.baseURI).pathname.replace(/\/$/, "");

/// The description that this server has. \throws Error
export async function readDescription(): Promise<Description> {
    const answer = await fetch(`${folder}/api/openapi.json`);
    if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
    return (await answer.json()) as Description;
}
