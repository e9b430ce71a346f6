// Editing what others may edit too: only what was changed is sent, and only over what was read. What was
// typed outlives the view, and where somebody else was faster one chooses.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { ApiError, type Versioned } from "../api/client";
import { Conflict } from "./conflict";
import { useDraft } from "./draft";
import { useToasts } from "./toasts";

interface Edited<T, Texts, Field extends string, Body> {
    /// What it is, "product": with its id the name of the draft, and of what was read.
    what: string;
    id: number;
    current: Versioned<T>;
    /// The fields' names for people.
    labels: Readonly<Record<Field, string>>;
    textsOf: (value: T) => Texts;
    differs: (one: Texts, other: Texts, field: Field) => boolean;
    /// A field as the choice shows it.
    shownAs: (texts: Texts, field: Field) => string;
    read: (id: number) => Promise<Versioned<T>>;
    write: (id: number, etag: string, body: Body) => Promise<Versioned<T>>;
    /// Whether its fields will be what is sent for them: then they are shown so at once.
    atOnce?: boolean;
    /// After it was saved.
    saved: () => void;
    /// After it was saved, or given up for somebody else's.
    done?: () => void;
}

interface Editing<Texts, Field, Body> {
    texts: Texts;
    change: (texts: Texts) => void;
    /// The fields that were changed.
    changes: Field[];
    save: (body: Body) => void;
    saving: boolean;
    /// What the server has against it.
    refused: Error | null;
    /// The server's reasons by field.
    reasons: Readonly<Record<string, string>>;
    /// Forgets both.
    forgive: () => void;
    discard: () => void;
    /// The choice, where there is one.
    conflict: ReactNode;
}

/// Whether the view is still there when an answer comes.
function useInView() {
    const inView = useRef(true);
    useEffect(() => {
        inView.current = true;
        return () => {
            inView.current = false;
        };
    }, []);
    return inView;
}

/// The state of a form that edits something.
export function useEditing<T, Texts, Field extends string, Body>(
    edited: Edited<T, Texts, Field, Body>,
): Editing<Texts, Field, Body> {
    const { what, id, current, labels, textsOf, differs, shownAs, read, write, atOnce, saved, done } = edited;
    interface Draft {
        /// What it was when the editing began.
        base: Versioned<T>;
        texts: Texts;
    }
    const client = useQueryClient();
    const { say, complain } = useToasts();
    const inView = useInView();
    const kept = useDraft<Draft | null>(`${what}-${id}`, () => null);
    const draft = kept.value;
    const [theirs, setTheirs] = useState<Versioned<T> | null>(null);
    const base = draft?.base ?? current;
    const before = textsOf(base.value);
    const texts = draft?.texts ?? before;
    const fields = Object.keys(labels) as Field[];
    const changes = fields.filter((field) => differs(texts, before, field));
    const show = (value: Versioned<T>) => client.setQueryData([what, id], value);
    const settle = (now: Versioned<T>) => {
        show(now);
        kept.forget();
        done?.();
    };
    const save = useMutation({
        mutationFn: ({ etag, body }: { etag: string; body: Body; sent: Texts }) => write(id, etag, body),
        onMutate: async ({ body }) => {
            setTheirs(null);
            if (!atOnce) return null;
            await client.cancelQueries({ queryKey: [what, id] }); // it would bring the old values back
            show({ ...current, value: { ...current.value, ...body } });
            return current;
        },
        onSuccess: (now, { sent }) => {
            if (draft === null || draft.texts === sent) {
                settle(now);
            } else {
                show(now);
                kept.change({ base: now, texts: draft.texts }); // somebody went on typing
            }
            saved();
            say("Saved.");
        },
        onError: async (reason, _, shownBefore) => {
            if (shownBefore) show(shownBefore);
            if (!inView.current) complain(reason);
            else if (reason instanceof ApiError && reason.status === 412) setTheirs(await read(id));
        },
    });
    const discard = () => {
        kept.discard();
        save.reset();
    };
    const refused = save.error instanceof ApiError && save.error.status === 412 ? null : save.error;
    const now = theirs && textsOf(theirs.value);
    return {
        texts,
        change: (next) => kept.change({ base, texts: next }),
        changes,
        save: (body) => {
            if (!save.isPending) save.mutate({ etag: base.etag, body, sent: texts });
        },
        saving: save.isPending,
        refused,
        reasons: refused instanceof ApiError ? refused.details : {},
        forgive: save.reset,
        discard,
        conflict: theirs !== null && now !== null && save.variables !== undefined && (
            <Conflict
                what={what}
                rows={fields
                    .filter((field) => changes.includes(field) || differs(now, before, field))
                    .map((field) => ({
                        label: labels[field],
                        theirs: shownAs(now, field),
                        mine: changes.includes(field) ? shownAs(texts, field) : null,
                    }))}
                keepMine={() => save.mutate({ ...save.variables, etag: theirs.etag })}
                takeTheirs={() => {
                    setTheirs(null);
                    save.reset();
                    settle(theirs);
                }}
                close={() => setTheirs(null)}
            />
        ),
    };
}

/// The bar that appears when something has changed.
export function SaveBar({
    editing: { changes, saving, discard },
    labels,
}: {
    editing: Pick<Editing<unknown, string, never>, "changes" | "saving" | "discard">;
    labels: Readonly<Record<string, string>>;
}) {
    if (changes.length === 0 || saving) return null;
    return (
        <div className="note save-bar">
            <span>Not saved: {changes.map((field) => labels[field]).join(", ")}</span>
            <div className="actions">
                <button className="button" type="button" onClick={discard}>
                    Discard
                </button>
                <button className="button primary">Save</button>
            </div>
        </div>
    );
}
