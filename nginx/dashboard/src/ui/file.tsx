// A file that somebody chooses.
import { ApiError } from "../api/client";
import { Field } from "./field";

interface FileFieldProps {
    label: string;
    hint?: string;
    error?: string | undefined;
    /// What the browser offers to choose: endings and media types.
    accept: string;
    disabled?: boolean;
    choose: (file: File | null) => void;
}

/// The browser's own field, onto which a file can be dropped too.
export function FileField({ label, hint, error, accept, disabled = false, choose }: FileFieldProps) {
    return (
        <Field label={label} hint={hint} error={error}>
            {(wiring) => (
                <input
                    {...wiring}
                    className="input file"
                    type="file"
                    accept={accept}
                    disabled={disabled}
                    // The same file, changed meanwhile, is a choice too.
                    onClick={(event) => {
                        event.currentTarget.value = "";
                    }}
                    onChange={(event) => choose(event.target.files?.[0] ?? null)}
                />
            )}
        </Field>
    );
}

const gzipMark = "31,139"; // RFC 1952 section 2.3.1

/// A file as the shop takes it: the backups that it keeps itself are compressed. \throws ApiError
export async function unpacked(file: File): Promise<Blob> {
    try {
        const mark = new Uint8Array(await file.slice(0, 2).arrayBuffer());
        if (mark.join() !== gzipMark) return file;
        return await new Response(file.stream().pipeThrough(new DecompressionStream("gzip"))).blob();
    } catch {
        throw new ApiError(
            "The file can’t be unpacked: it is damaged, or has changed since it was chosen.",
            0,
            "PACKED",
        );
    }
}
