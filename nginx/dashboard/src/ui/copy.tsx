// A text to be taken along whole.
import { useRef, useState } from "react";

/// The text, and a button that copies it. Without TLS a browser has no clipboard for pages but this old one.
export function CopyField({ label, text }: { label: string; text: string }) {
    const field = useRef<HTMLInputElement>(null);
    const [copied, setCopied] = useState(false);
    const copy = async () => {
        field.current?.select();
        try {
            await navigator.clipboard.writeText(text);
        } catch {
            // eslint-disable-next-line @typescript-eslint/no-deprecated -- all there is then
            if (!document.execCommand("copy")) return; // it is selected, at least
        }
        setCopied(true);
    };
    return (
        <div className="copy">
            <input
                ref={field}
                className="input"
                aria-label={label}
                value={text}
                readOnly
                onFocus={(event) => event.target.select()}
            />
            <button className="button" type="button" onClick={() => void copy()}>
                Copy
            </button>
            <span className="soft" role="status">
                {copied && "Copied."}
            </span>
        </div>
    );
}
