// Edits a user where they stand: only what was changed is sent, and only over what was read.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeUser, readUser, useUsersChanged, type User } from "../api/admin";
import { ApiError, type Versioned } from "../api/client";
import { useHere } from "../format";
import { Conflict } from "../ui/conflict";
import { Confirm } from "../ui/dialog";
import { useDraft } from "../ui/draft";
import { FormFailure } from "../ui/states";
import { useToasts } from "../ui/toasts";
import {
    bodyOfTexts,
    fieldNames,
    labelOf,
    textsOf,
    UserFields,
    wordsFor,
    type FieldName,
    type Texts,
} from "./user_fields";

interface Draft {
    /// What they were when the editing began.
    base: Versioned<User>;
    texts: Texts;
}

function differing(one: Texts, other: Texts): FieldName[] {
    return fieldNames.filter((field) => one[field] !== other[field]);
}

/// What the two versions say, where they differ.
function conflicting(draft: Draft, theirs: Versioned<User>) {
    const [before, now] = [textsOf(draft.base.value), textsOf(theirs.value)];
    const mine = differing(draft.texts, before);
    return fieldNames
        .filter((field) => mine.includes(field) || now[field] !== before[field])
        .map((field) => ({
            label: labelOf(field),
            theirs: wordsFor(field, now[field]),
            mine: mine.includes(field) ? wordsFor(field, draft.texts[field]) : null,
        }));
}

function useSaving(user: Versioned<User>, forget: () => void) {
    const client = useQueryClient();
    const changed = useUsersChanged();
    const { say } = useToasts();
    const { id } = user.value;
    const [theirs, setTheirs] = useState<Versioned<User> | null>(null);
    const save = useMutation({
        mutationFn: ({ base, body }: { base: Versioned<User>; body: Parameters<typeof changeUser>[2] }) =>
            changeUser(id, base.etag, body),
        onSuccess: (saved) => {
            client.setQueryData(["user", id], saved);
            forget();
            void changed();
            say("Saved.");
        },
        onError: async (reason) => {
            if (reason instanceof ApiError && reason.status === 412) setTheirs(await readUser(id));
        },
    });
    return { save, theirs, setTheirs };
}

/// The fields, and a bar to save when something has changed.
export function UserEditor({ user }: { user: Versioned<User> }) {
    const client = useQueryClient();
    const { me } = useHere();
    const [draft, setDraft, forget] = useDraft<Draft | null>(`user-${user.value.id}`, () => null);
    const [leaving, setLeaving] = useState(false);
    const { save, theirs, setTheirs } = useSaving(user, forget);
    const base = draft?.base ?? user;
    const texts = draft?.texts ?? textsOf(user.value);
    const changes = differing(texts, textsOf(base.value));
    const submit = (over: Versioned<User>) => {
        setTheirs(null);
        setLeaving(false);
        save.mutate({ base: over, body: bodyOfTexts(texts, changes) });
    };
    const refused = save.error instanceof ApiError && save.error.status === 412 ? null : save.error;
    const discard = () => {
        forget();
        save.reset();
    };
    // Whoever takes their own rights away can't give them back.
    const givesUp = user.value.id === me.user.id && (changes.includes("role") || changes.includes("active"));
    return (
        <form
            className="card form"
            noValidate
            aria-label="User"
            onSubmit={(event) => {
                event.preventDefault();
                if (changes.length === 0) return;
                if (givesUp) setLeaving(true);
                else submit(base);
            }}
        >
            <UserFields
                texts={texts}
                change={(next) => setDraft({ base, texts: next })}
                reasons={refused instanceof ApiError ? refused.details : {}}
            />
            <FormFailure reason={refused} fields={(field) => field in texts} />
            {changes.length > 0 && (
                <div className="note save-bar">
                    <span>Not saved: {changes.map((field) => labelOf(field)).join(", ")}</span>
                    <div className="actions">
                        <button className="button" type="button" onClick={discard}>
                            Discard
                        </button>
                        <button className="button primary" disabled={save.isPending}>
                            Save
                        </button>
                    </div>
                </div>
            )}
            {leaving && (
                <Confirm
                    title="Take away your own rights?"
                    verb="Save"
                    danger
                    confirm={() => submit(base)}
                    close={() => setLeaving(false)}
                >
                    <p>This is you. Only another administrator can give them back.</p>
                </Confirm>
            )}
            {theirs !== null && draft !== null && (
                <Conflict
                    what="user"
                    rows={conflicting(draft, theirs)}
                    keepMine={() => submit(theirs)}
                    takeTheirs={() => {
                        client.setQueryData(["user", user.value.id], theirs);
                        setTheirs(null);
                        discard();
                    }}
                    close={() => setTheirs(null)}
                />
            )}
        </form>
    );
}
