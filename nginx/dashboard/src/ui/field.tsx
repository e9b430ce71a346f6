// A labelled field that says what is wrong with it.
import { useId, type ComponentProps, type ReactNode } from "react";

interface Labelled {
    label: string;
    /// The server's reason, or the page's own.
    error?: string | undefined;
    hint?: string | undefined;
}

interface Wiring {
    id: string;
    "aria-invalid": boolean | undefined;
    "aria-describedby": string | undefined;
}

/// Label, control, and beneath them the hint or what is wrong.
export function Field({
    label,
    error,
    hint,
    children,
}: Labelled & { children: (wiring: Wiring) => ReactNode }) {
    const id = useId();
    const said = error ?? hint;
    return (
        <div className="field">
            <label htmlFor={id}>{label}</label>
            {children({
                id,
                "aria-invalid": error === undefined ? undefined : true,
                "aria-describedby": said === undefined ? undefined : `${id}-said`,
            })}
            {said !== undefined && (
                <span id={`${id}-said`} className={error === undefined ? "soft small" : "wrong"}>
                    {error ?? hint}
                </span>
            )}
        </div>
    );
}

type Typed<T> = Labelled & { value: string; change: (value: string) => void } & Omit<T, "value" | "onChange">;

/// A line of text.
export function TextField({
    label,
    error,
    hint,
    change,
    className = "",
    ...input
}: Typed<ComponentProps<"input">>) {
    return (
        <Field label={label} error={error} hint={hint}>
            {(wiring) => (
                <input
                    {...wiring}
                    {...input}
                    className={`input ${className}`}
                    onChange={(event) => change(event.target.value)}
                />
            )}
        </Field>
    );
}

/// A number as the user writes it; see decimal.ts.
export function NumberField(props: Typed<ComponentProps<"input">>) {
    return <TextField inputMode="decimal" autoComplete="off" {...props} className="number-input" />;
}

/// Several lines of text.
export function TextArea({ label, error, hint, change, ...area }: Typed<ComponentProps<"textarea">>) {
    return (
        <Field label={label} error={error} hint={hint}>
            {(wiring) => (
                <textarea
                    {...wiring}
                    {...area}
                    className="input"
                    onChange={(event) => change(event.target.value)}
                />
            )}
        </Field>
    );
}

/// One of several.
export function SelectField({ label, error, hint, change, ...select }: Typed<ComponentProps<"select">>) {
    return (
        <Field label={label} error={error} hint={hint}>
            {(wiring) => (
                <select
                    {...wiring}
                    {...select}
                    className="input"
                    onChange={(event) => change(event.target.value)}
                />
            )}
        </Field>
    );
}
