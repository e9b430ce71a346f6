// Descriptions: paragraphs, and `code` in them. Nothing else of Markdown stands in the document.
import { Fragment } from "react";

/// A line with its code.
export function Line({ text }: { text: string }) {
    return text
        .split("`")
        .map((part, index) =>
            index % 2 === 1 ? <code key={index}>{part}</code> : <Fragment key={index}>{part}</Fragment>,
        );
}

/// All paragraphs.
export function Text({ text }: { text: string }) {
    return text.split("\n\n").map((paragraph, index) => (
        <p key={index}>
            <Line text={paragraph} />
        </p>
    ));
}

/// What a program sends or gets, as it is.
export function Code({ label, children }: { label: string; children: string }) {
    return (
        // Without anything in it that takes the focus, the keyboard scrolls it by this.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <pre className="code" role="group" aria-label={label} tabIndex={0}>
            {children}
        </pre>
    );
}
