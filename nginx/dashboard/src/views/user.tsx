// A user: who they are, what they may, what becomes of them.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { changeUser, useUser, useUsersChanged, type User as UserType } from "../api/admin";
import { api, ApiError, bodyOf, type Versioned } from "../api/client";
import { useHere } from "../format";
import { AskedButton } from "../ui/asked";
import { ItemHead } from "../ui/head";
import { NewPassword } from "../ui/new_password";
import { FormFailure, Single, useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";
import { UserEditor } from "./user_editor";

function Password({ user }: { user: UserType }) {
    const client = useQueryClient();
    const [password, setPassword] = useState("");
    const changed = useUsersChanged();
    const { say } = useToasts();
    const reset = useMutation({
        // Whatever else was changed meanwhile: the password is this one from now on.
        mutationFn: () => changeUser(user.id, "*", { password }),
        onSuccess: (now) => {
            client.setQueryData(["user", user.id], now);
            setPassword("");
            void changed();
            say(`${user.name} has a new password. Their sessions have ended.`);
        },
    });
    return (
        <section className="card" aria-labelledby="password">
            <h2 id="password">New password</h2>
            <form
                className="form"
                noValidate
                onSubmit={(event) => {
                    event.preventDefault();
                    reset.mutate();
                }}
            >
                <NewPassword
                    value={password}
                    change={setPassword}
                    error={reset.error instanceof ApiError ? reset.error.details["password"] : undefined}
                />
                <FormFailure reason={reset.error} fields={(field) => field === "password"} />
                <div className="actions">
                    <button className="button" disabled={reset.isPending || password === ""}>
                        Set password
                    </button>
                </div>
            </form>
        </section>
    );
}

function Delete({ user }: { user: UserType }) {
    const { me } = useHere();
    const navigate = useNavigate();
    const changed = useUsersChanged();
    const { say } = useToasts();
    return (
        <AskedButton
            name="Delete"
            title={`Delete ${user.name}?`}
            verb="Delete user"
            does={() => bodyOf(api.DELETE("/api/users/{id}", { params: { path: { id: user.id } } }))}
            done={() => {
                say(`${user.name} was deleted.`);
                void navigate("/admin/users", { replace: true });
                void changed();
            }}
        >
            <p>
                {user.id === me.user.id && <strong>This is you, and it logs you out. </strong>}
                Sessions and API tokens end at once, and the user name is free again. What they did stays on
                record. This can’t be undone; not allowing the login can.
            </p>
        </AskedButton>
    );
}

function Shown({ user: versioned }: { user: Versioned<UserType> }) {
    const { me, format } = useHere();
    const user = versioned.value;
    useTitle(user.name);
    return (
        <div className="view narrow">
            <ItemHead
                list={{ to: "/admin/users", name: "Users" }}
                title={user.name}
                state={
                    <>
                        {user.id === me.user.id && <span className="badge">you</span>}
                        {!user.active && <span className="badge bad">no login</span>}
                    </>
                }
            >
                <Delete user={user} />
            </ItemHead>
            <UserEditor user={versioned} />
            <div className="pair">
                <Password user={user} />
                <section className="card" aria-labelledby="about">
                    <h2 id="about">About</h2>
                    <dl className="facts">
                        <dt>Created</dt>
                        <dd>{format.moment(user.createdAt)}</dd>
                        <dt>Changed</dt>
                        <dd>{format.moment(user.updatedAt)}</dd>
                        <dt>Last login</dt>
                        <dd>{user.lastLoginAt === null ? "never" : format.moment(user.lastLoginAt)}</dd>
                        <dt>On record</dt>
                        <dd>
                            <Link to={`/admin/trail?user=${user.id}`}>what they did</Link>
                            <br />
                            <Link to={`/admin/trail?entity=user&entityId=${user.id}`}>what was changed</Link>
                        </dd>
                    </dl>
                </section>
            </div>
        </div>
    );
}

export default function User() {
    const id = Number(useParams()["id"]);
    return (
        <Single query={useUser(id)} list={<Link to="/admin/users">All users</Link>}>
            {(user) => <Shown user={user} />}
        </Single>
    );
}
