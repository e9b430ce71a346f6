// Edits a user where they stand.
import { useState } from "react";
import { changeUser, readUser, useUsersChanged, type User } from "../api/admin";
import type { Versioned } from "../api/client";
import { useHere } from "../format";
import { Confirm } from "../ui/dialog";
import { SaveBar, useEditing } from "../ui/editing";
import { FormFailure } from "../ui/states";
import { bodyOfTexts, labels, textsOf, UserFields, wordsFor } from "./user_fields";

/// The fields, and a bar to save when something has changed.
export function UserEditor({ user }: { user: Versioned<User> }) {
    const { id } = user.value;
    const { me } = useHere();
    const [leaving, setLeaving] = useState(false);
    const changed = useUsersChanged();
    const editing = useEditing({
        what: "user",
        id,
        current: user,
        labels,
        textsOf,
        differs: (one, other, field) => one[field] !== other[field],
        shownAs: (texts, field) => wordsFor(field, texts[field]),
        read: readUser,
        write: changeUser,
        atOnce: true,
        saved: () => void changed(),
    });
    const { texts, change, changes, save, refused, reasons, conflict } = editing;
    const submit = () => {
        setLeaving(false);
        save(bodyOfTexts(texts, changes));
    };
    // Whoever takes their own rights away can't give them back.
    const givesUp = id === me.user.id && (changes.includes("role") || changes.includes("active"));
    return (
        <form
            className="card form"
            noValidate
            aria-label="User"
            onSubmit={(event) => {
                event.preventDefault();
                if (changes.length === 0) return;
                if (givesUp) setLeaving(true);
                else submit();
            }}
        >
            <UserFields texts={texts} change={change} reasons={reasons} />
            <FormFailure reason={refused} fields={(field) => field in texts} />
            <SaveBar editing={editing} labels={labels} />
            {leaving && (
                <Confirm
                    title="Take away your own rights?"
                    verb="Save"
                    danger
                    confirm={submit}
                    close={() => setLeaving(false)}
                >
                    <p>This is you. Only another administrator can give them back.</p>
                </Confirm>
            )}
            {conflict}
        </form>
    );
}
