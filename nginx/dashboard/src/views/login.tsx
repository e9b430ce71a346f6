import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, ApiError, bodyOf, type Schemas } from "../api/client";
import icon from "../icon.svg";
import { TextField } from "../ui/field";
import { FormFailure } from "../ui/states";

interface LoginProps {
    /// Whose session it was, where there was one.
    username?: string;
    done: (user: Schemas["User"]) => void;
}

/// User name and password, and the server's word on them.
export function LoginForm({ username = "", done }: LoginProps) {
    const [name, setName] = useState(username);
    const [password, setPassword] = useState("");
    const login = useMutation({
        mutationFn: () => bodyOf(api.POST("/api/auth/login", { body: { username: name, password } })),
        onSuccess: ({ user }) => done(user),
    });
    const details = login.error instanceof ApiError ? login.error.details : {};
    return (
        <form
            className="form"
            onSubmit={(event) => {
                event.preventDefault();
                login.mutate();
            }}
        >
            <TextField
                label="User name"
                value={name}
                change={setName}
                error={details["username"]}
                autoComplete="username"
                autoCapitalize="none"
                spellCheck={false}
                // eslint-disable-next-line jsx-a11y/no-autofocus -- the page is nothing but this form
                autoFocus={username === ""}
                required
            />
            <TextField
                label="Password"
                type="password"
                value={password}
                change={setPassword}
                error={details["password"]}
                autoComplete="current-password"
                // eslint-disable-next-line jsx-a11y/no-autofocus -- the name is there already
                autoFocus={username !== ""}
                required
            />
            <FormFailure reason={login.error} fields={(field) => ["username", "password"].includes(field)} />
            <button className="button primary" disabled={login.isPending}>
                Log in
            </button>
        </form>
    );
}

/// The whole page, where nobody is logged in.
export function LoginPage({ done }: LoginProps) {
    useEffect(() => {
        document.title = "Log in · SmartFlow";
    }, []);
    return (
        <main className="outside">
            <div className="card form">
                <div>
                    <img src={icon} alt="" width="36" height="36" />
                    <h1>Log in to SmartFlow</h1>
                </div>
                <LoginForm done={done} />
            </div>
        </main>
    );
}
