// Files on their way to the shop and from it, with how far they are: fetch doesn't tell what it has sent.
// They go from disk and to disk: what the browser gives for a file is a name of it, not its bytes.
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, asUser, errorOf, folder } from "./client";

export interface Transfer {
    method: "GET" | "POST";
    /// Path and query.
    path: string;
    file?: Blob;
    /// The file's media type.
    type?: string;
    /// The Idempotency-Key of what must not happen twice.
    key?: string;
}

/// How far a transfer is.
export interface Progress {
    /// `working`: all was sent, and nothing has come yet.
    stage: "sending" | "working" | "receiving";
    bytes: number;
    /// Null where nobody knows.
    total: number | null;
}

interface Answer {
    status: number;
    body: Blob;
    /// Of the file that came.
    name: string;
}

function sendOnce(
    { method, path, file, type, key }: Transfer,
    tell: (progress: Progress) => void,
    signal: AbortSignal,
): Promise<Answer> {
    return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open(method, folder + path);
        request.responseType = "blob";
        if (type !== undefined) request.setRequestHeader("Content-Type", type);
        if (key !== undefined) request.setRequestHeader("Idempotency-Key", key);
        request.upload.onprogress = ({ loaded, total }) =>
            tell({ stage: loaded < total ? "sending" : "working", bytes: loaded, total });
        request.onprogress = ({ loaded, total, lengthComputable }) =>
            tell({ stage: "receiving", bytes: loaded, total: lengthComputable ? total : null });
        request.onload = () =>
            resolve({
                status: request.status,
                body: request.response as Blob,
                name:
                    /filename="([^"]+)"/.exec(request.getResponseHeader("Content-Disposition") ?? "")?.[1] ??
                    "smartflow",
            });
        request.onerror = () =>
            reject(new ApiError("The connection broke off. Try again.", 0, "UNREACHABLE"));
        request.onabort = () => reject(new ApiError("It was stopped.", 0, "STOPPED"));
        signal.addEventListener("abort", () => request.abort(), { once: true });
        if (signal.aborted) request.abort();
        tell({ stage: file === undefined ? "working" : "sending", bytes: 0, total: file?.size ?? null });
        request.send(file);
    });
}

/// A chosen file can be read only as it was then. \throws ApiError
async function refuseChanged(file: Blob): Promise<void> {
    try {
        await file.slice(0, 1).arrayBuffer();
    } catch {
        throw new ApiError("The file has changed since it was chosen. Choose it again.", 0, "CHANGED");
    }
}

async function transfer(
    asked: Transfer,
    tell: (progress: Progress) => void,
    signal: AbortSignal,
): Promise<Answer> {
    if (asked.file !== undefined) await refuseChanged(asked.file);
    const answer = await asUser(() => sendOnce(asked, tell, signal));
    if (answer.status >= 200 && answer.status < 300) return answer;
    let said: unknown = null;
    try {
        said = JSON.parse(await answer.body.text());
    } catch {
        // Something between here and the shop answered in its own words.
    }
    throw errorOf(said, answer.status);
}

export interface Transferring {
    /// Null while nothing is on its way.
    progress: Progress | null;
    /// What a file that was sent is answered with. \throws ApiError
    ask: (asked: Transfer) => Promise<unknown>;
    /// Gives a file to the browser's downloads. \throws ApiError
    download: (path: string) => Promise<void>;
    stop: () => void;
}

const savedMs = 60_000;

/// One transfer at a time. Leaving the page meanwhile is asked first.
export function useTransfer(): Transferring {
    const [progress, setProgress] = useState<Progress | null>(null);
    const control = useRef<AbortController | null>(null);
    const under = progress !== null;
    useEffect(() => {
        if (!under) return undefined;
        const ask = (event: BeforeUnloadEvent) => event.preventDefault();
        window.addEventListener("beforeunload", ask);
        return () => window.removeEventListener("beforeunload", ask);
    }, [under]);
    const run = useCallback(async (asked: Transfer) => {
        control.current = new AbortController();
        try {
            return await transfer(asked, setProgress, control.current.signal);
        } finally {
            setProgress(null);
        }
    }, []);
    return {
        progress,
        ask: useCallback(async (asked) => JSON.parse(await (await run(asked)).body.text()) as unknown, [run]),
        download: useCallback(
            async (path) => {
                const { body, name } = await run({ method: "GET", path });
                const address = URL.createObjectURL(body);
                const link = document.createElement("a");
                link.href = address;
                link.download = name;
                link.click();
                window.setTimeout(() => URL.revokeObjectURL(address), savedMs);
            },
            [run],
        ),
        stop: () => control.current?.abort(),
    };
}
