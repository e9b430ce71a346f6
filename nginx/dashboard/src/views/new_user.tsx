import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import { useUsersChanged } from "../api/admin";
import { api, ApiError, bodyOf, newKey, type Schemas } from "../api/client";
import { useDraft } from "../ui/draft";
import { NewPassword } from "../ui/new_password";
import { FormFailure, useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";
import { bodyOfTexts, fieldNames, noTexts, UserFields } from "./user_fields";

export default function NewUser() {
    useTitle("New user");
    const draft = useDraft("new-user", () => noTexts);
    const texts = draft.value;
    const [password, setPassword] = useState(""); // a secret is no draft
    const key = useRef(newKey());
    const navigate = useNavigate();
    const changed = useUsersChanged();
    const { say } = useToasts();
    const create = useMutation({
        mutationFn: (body: Schemas["UsersCreateBody"]) =>
            bodyOf(api.POST("/api/users", { params: { header: { "Idempotency-Key": key.current } }, body })),
        onSuccess: (user) => {
            draft.forget();
            void changed();
            say(`${user.name} may log in now, as ${user.username}.`);
            void navigate(`/admin/users/${user.id}`, { replace: true });
        },
    });
    const another = () => {
        key.current = newKey(); // another request
    };
    return (
        <div className="view narrow">
            <h1>New user</h1>
            <form
                className="card form"
                noValidate
                onSubmit={(event) => {
                    event.preventDefault();
                    // Every required field is among them.
                    const body = { ...bodyOfTexts(texts, fieldNames), password };
                    create.mutate(body as Schemas["UsersCreateBody"]);
                }}
            >
                <UserFields
                    texts={texts}
                    change={(next) => {
                        another();
                        draft.change(next);
                    }}
                    reasons={create.error instanceof ApiError ? create.error.details : {}}
                />
                <NewPassword
                    value={password}
                    change={(next) => {
                        another();
                        setPassword(next);
                    }}
                    error={create.error instanceof ApiError ? create.error.details["password"] : undefined}
                />
                <FormFailure
                    reason={create.error}
                    fields={(field) => field in texts || field === "password"}
                />
                <div className="actions">
                    <Link className="button" to="/admin/users" onClick={draft.discard}>
                        Discard
                    </Link>
                    <button className="button primary" disabled={create.isPending}>
                        Create user
                    </button>
                </div>
            </form>
        </div>
    );
}
