// Controls inside a sentence.
import { useId, type ReactNode } from "react";

interface InlineProps {
    /// What the sentence alone doesn't tell who can't see it.
    label: string;
    error?: string | undefined;
    /// Whether it takes what is left of the line.
    grows?: boolean;
    children: (wiring: {
        className: string;
        "aria-label": string;
        "aria-invalid": boolean | undefined;
        "aria-describedby": string | undefined;
    }) => ReactNode;
}

/// A control, and beneath it what is wrong.
export function Inline({ label, error, grows = false, children }: InlineProps) {
    const id = useId();
    return (
        <span className={grows ? "inline grows" : "inline"}>
            {children({
                className: "input",
                "aria-label": label,
                "aria-invalid": error === undefined ? undefined : true,
                "aria-describedby": error === undefined ? undefined : id,
            })}
            {error !== undefined && (
                <span id={id} className="wrong">
                    {error}
                </span>
            )}
        </span>
    );
}

interface InlineSelectProps<T extends string> extends Omit<InlineProps, "children"> {
    value: T;
    options: readonly (readonly [T, string])[];
    change: (value: T) => void;
}

/// One of several, as a word of the sentence.
export function InlineSelect<T extends string>({ value, options, change, ...inline }: InlineSelectProps<T>) {
    return (
        <Inline {...inline}>
            {(wiring) => (
                <select {...wiring} value={value} onChange={(event) => change(event.target.value as T)}>
                    {options.map(([option, words]) => (
                        <option key={option} value={option}>
                            {words}
                        </option>
                    ))}
                </select>
            )}
        </Inline>
    );
}

interface InlineTextProps extends Omit<InlineProps, "children"> {
    value: string;
    change: (value: string) => void;
    placeholder?: string;
    /// Whether it is a number, as the user writes it.
    number?: boolean;
}

/// A few words or a number.
export function InlineText({ value, change, placeholder, number = false, ...inline }: InlineTextProps) {
    return (
        <Inline {...inline}>
            {(wiring) => (
                <input
                    {...wiring}
                    autoComplete="off"
                    inputMode={number ? "decimal" : undefined}
                    placeholder={placeholder}
                    value={value}
                    onChange={(event) => change(event.target.value)}
                />
            )}
        </Inline>
    );
}
