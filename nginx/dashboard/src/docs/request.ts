// A request as it is filled in here, sent from here, or sent by a program.
import { folder, type Operation, type Parameter } from "./description";

export interface Filled {
    /// By `place name`, as keyOf has it.
    values: Record<string, string>;
    media: string;
    body: string;
}

export const keyOf = (parameter: Parameter) => `${parameter.in} ${parameter.name}`;

/// A body as the description's example has it.
function exampleOf(operation: Operation, media: string): string {
    const example = operation.body[media]?.example;
    if (example === undefined) return "";
    return typeof example === "string" ? example : JSON.stringify(example, null, 2);
}

/// What stands in the fields at first, and after another media type was chosen.
export function filledIn(operation: Operation, media = Object.keys(operation.body)[0] ?? ""): Filled {
    return { values: {}, media, body: exampleOf(operation, media) };
}

/// What to send: method, address, headers, body.
export interface Prepared {
    method: string;
    url: string;
    headers: Record<string, string>;
    body: string | undefined;
}

export function prepared(operation: Operation, { values, media, body }: Filled): Prepared {
    const given = (place: Parameter["in"]) =>
        operation.parameters
            .filter((parameter) => parameter.in === place && (values[keyOf(parameter)] ?? "") !== "")
            .map((parameter) => [parameter.name, values[keyOf(parameter)] ?? ""] as const);
    const path = given("path").reduce(
        (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(value)),
        operation.path,
    );
    const query = given("query")
        .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
        .join("&");
    const takesBody = media !== "";
    return {
        method: operation.method,
        url: `${folder}${path}${query === "" ? "" : `?${query}`}`,
        headers: {
            ...Object.fromEntries(given("header")),
            ...(takesBody && { "Content-Type": media }),
        },
        body: takesBody ? body : undefined,
    };
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/// The same for a shell, with a token in place of the browser's session.
export function asCurl({ method, url, headers, body }: Prepared, withToken: boolean): string {
    const lines = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
    return [
        `curl${method === "GET" ? "" : ` -X ${method}`} ${quoted(new URL(url, document.baseURI).href)}`,
        ...(withToken ? [`-H "Authorization: Bearer $TOKEN"`] : []),
        ...lines,
        ...(body === undefined ? [] : [`--data-binary ${quoted(body)}`]),
    ].join(" \\\n  ");
}

/// What came back.
export interface Answered {
    status: string;
    ms: number;
    headers: string;
    body: string;
    /// Whether only the beginning of it is here.
    cut: boolean;
}

const shownBytes = 256 * 1024;

/// The beginning of a body: an export has no end that a page could show.
async function beginningOf(answer: Response): Promise<{ text: string; cut: boolean }> {
    const reader = answer.body?.getReader();
    const decoder = new TextDecoder();
    let text = "";
    for (let bytes = 0; reader !== undefined;) {
        const { done, value } = await reader.read();
        if (done) break;
        bytes += value.length;
        text += decoder.decode(value, { stream: true });
        if (bytes > shownBytes) {
            await reader.cancel();
            return { text, cut: true };
        }
    }
    return { text: text + decoder.decode(), cut: false };
}

/// JSON over several lines, numbers as they came: 19.90 isn't 19.9 to a reader.
function laidOut(text: string): string {
    try {
        JSON.parse(text);
    } catch {
        return text;
    }
    let depth = 0;
    const line = () => `\n${"  ".repeat(depth)}`;
    const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
    return tokens
        .map((token, index) => {
            if (token === "{" || token === "[") {
                const empty = tokens[index + 1] === (token === "{" ? "}" : "]");
                if (empty) return token;
                depth += 1;
                return token + line();
            }
            if (token === "}" || token === "]") {
                const empty = tokens[index - 1] === (token === "}" ? "{" : "[");
                if (empty) return token;
                depth -= 1;
                return line() + token;
            }
            if (token === ",") return token + line();
            return token === ":" ? ": " : token;
        })
        .join("");
}

/// Sends it as whoever is logged in in this browser. \throws TypeError when nobody answers
export async function send({ method, url, headers, body }: Prepared): Promise<Answered> {
    const began = performance.now();
    const answer = await fetch(url, {
        method,
        headers,
        cache: "no-store",
        ...(body !== undefined && { body }),
    });
    const { text, cut } = await beginningOf(answer);
    return {
        status: [answer.status, answer.statusText].join(" ").trim(),
        ms: Math.round(performance.now() - began),
        headers: [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n"),
        body: cut ? text : laidOut(text),
        cut,
    };
}
