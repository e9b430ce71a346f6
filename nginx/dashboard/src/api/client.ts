// How the pages speak to the shop: the API of the same origin and folder, by the types of its own
// description. Every refusal becomes an ApiError in the server's words.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

/// The API's own types, by their names in its description.
export type Schemas = components["schemas"];

/// The folder the shop lives in, without a last slash: "" at the root of its address.
export const folder = new URL(".", document.baseURI).pathname.replace(/\/$/, "");

/// What the server, or the way to it, refused.
export class ApiError extends Error {
    constructor(
        message: string,
        /// 0 where there was no answer.
        readonly status: number,
        readonly code: string,
        /// Each wrong field with its reason.
        readonly details: Readonly<Record<string, string>> = {},
    ) {
        super(message);
    }
}

const isLogin = (request: Request) => new URL(request.url).pathname.endsWith("/api/auth/login");

/// Resolves when somebody has logged in again; set by whoever shows the login.
let renewed: (() => Promise<void>) | null = null;

/// Says who asks for a new login when the session has ended, so that what was under way goes on then.
export function onExpiry(renew: (() => Promise<void>) | null): void {
    renewed = renew;
}

async function send(request: Request): Promise<Response> {
    try {
        return await fetch(request);
    } catch (reason) {
        if (request.signal.aborted) throw reason;
        throw new ApiError(
            "The shop can't be reached. Check the connection and try again.",
            0,
            "UNREACHABLE",
        );
    }
}

/// Sends, and once more after a new login where the session has ended.
export async function asUser<T extends { status: number }>(sending: () => Promise<T>): Promise<T> {
    const answer = await sending();
    if (answer.status !== 401 || renewed === null) return answer;
    await renewed();
    return sending();
}

async function sendAsUser(request: Request): Promise<Response> {
    if (isLogin(request)) return send(request);
    // A request can be sent only once, so what is sent are copies of it.
    return asUser(() => send(request.clone()));
}

/// The API by its paths, each with its own types.
export const api = createClient<paths>({ baseUrl: folder, fetch: sendAsUser });

/// What a request came to.
export interface Outcome<T> {
    data?: T;
    error?: unknown;
    response: Response;
}

/// What an answer's body says of the refusal.
export function errorOf(body: unknown, status: number): ApiError {
    const { error, code, details } = (typeof body === "object" && body !== null ? body : {}) as Partial<
        Schemas["Error"]
    >;
    return new ApiError(
        error ?? `The server answered ${status}. Try again later.`,
        status,
        code ?? "UNKNOWN",
        details,
    );
}

/// The answer's body. \throws ApiError
export async function bodyOf<T>(asked: Promise<Outcome<T>>): Promise<T> {
    const { data, error, response } = await asked;
    if (!response.ok) throw errorOf(error, response.status);
    return data as T;
}

/// A single thing with the version that an If-Match names.
export interface Versioned<T> {
    value: T;
    etag: string;
}

/// The answer's body and entity tag. \throws ApiError
export async function versionedOf<T>(asked: Promise<Outcome<T>>): Promise<Versioned<T>> {
    const outcome = await asked;
    return {
        value: await bodyOf(Promise.resolve(outcome)),
        etag: outcome.response.headers.get("ETag") ?? "",
    };
}

/// A page of a list.
export interface Page<T> {
    rows: T[];
    /// Of the next page; null on the last one.
    cursor: string | null;
    /// Of all pages, where it was asked for.
    total: number | null;
}

/// The answer's rows and where the next ones are. \throws ApiError
export async function pageOf<T>(asked: Promise<Outcome<T[]>>): Promise<Page<T>> {
    const outcome = await asked;
    const rows = await bodyOf(Promise.resolve(outcome));
    const { headers } = outcome.response;
    const next = /<([^>]*)>;\s*rel="next"/.exec(headers.get("Link") ?? "")?.[1];
    const total = headers.get("X-Total-Count");
    return {
        rows,
        cursor: next === undefined ? null : new URL(next, document.baseURI).searchParams.get("cursor"),
        total: total === null ? null : Number(total),
    };
}

/// A key under which the server does a thing once, however often it is sent. (randomUUID would need a
/// secure context, which a shop on a local network may not have.)
export function newKey(): string {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
        byte.toString(16).padStart(2, "0"),
    ).join("");
}
