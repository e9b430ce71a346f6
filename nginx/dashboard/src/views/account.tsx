// One's own password and sessions.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api, ApiError, bodyOf } from "../api/client";
import { useHere } from "../format";
import { logOut } from "../session";
import { useTheme, type Theme } from "../theme";
import { AskedButton } from "../ui/asked";
import { SelectField, TextField } from "../ui/field";
import { Failure, FormFailure, Loading, useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";

function Password() {
    const { me } = useHere();
    const { say } = useToasts();
    const client = useQueryClient();
    const [current, setCurrent] = useState("");
    const [next, setNext] = useState("");
    const [again, setAgain] = useState("");
    const [differs, setDiffers] = useState(false);
    const change = useMutation({
        mutationFn: () =>
            bodyOf(api.POST("/api/auth/password", { body: { currentPassword: current, newPassword: next } })),
        onSuccess: () => {
            setCurrent("");
            setNext("");
            setAgain("");
            void client.invalidateQueries({ queryKey: ["sessions"] });
            say("Your password was changed. Your other sessions have ended.");
        },
    });
    const details = change.error instanceof ApiError ? change.error.details : {};
    return (
        <section className="card" aria-labelledby="password">
            <h2 id="password">Password</h2>
            <form
                className="form"
                noValidate
                onSubmit={(event) => {
                    event.preventDefault();
                    setDiffers(next !== again);
                    if (next === again) change.mutate();
                }}
            >
                <input type="hidden" autoComplete="username" value={me.user.username} readOnly />
                <TextField
                    label="Current password"
                    type="password"
                    autoComplete="current-password"
                    value={current}
                    change={setCurrent}
                    error={details["currentPassword"]}
                />
                <TextField
                    label="New password"
                    type="password"
                    autoComplete="new-password"
                    value={next}
                    change={setNext}
                    error={details["newPassword"]}
                    hint="12 characters or more."
                />
                <TextField
                    label="New password again"
                    type="password"
                    autoComplete="new-password"
                    value={again}
                    change={setAgain}
                    error={differs ? "is not the same" : undefined}
                />
                <FormFailure
                    reason={change.error}
                    fields={(field) => field === "currentPassword" || field === "newPassword"}
                />
                <div className="actions">
                    <button className="button primary" disabled={change.isPending}>
                        Change password
                    </button>
                </div>
            </form>
        </section>
    );
}

// Many call themselves by the names of others too: the first that is found is it.
const browsers = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Version/": "Safari",
};

/// A browser's name for people: what it calls itself is for programs.
function browserOf(agent: string | null): string {
    if (agent === null) return "Unknown program";
    const name = Object.entries(browsers).find(([mark]) => agent.includes(mark))?.[1];
    const system = /Windows|Android|iPhone|iPad|Mac OS X|Linux/.exec(agent)?.[0];
    return name === undefined ? agent : [name, system].filter((part) => part !== undefined).join(" on ");
}

function Sessions() {
    const { format } = useHere();
    const client = useQueryClient();
    const { say } = useToasts();
    const sessions = useQuery({
        queryKey: ["sessions"],
        queryFn: ({ signal }) => bodyOf(api.GET("/api/auth/sessions", { signal })),
    });
    return (
        <section className="card" aria-labelledby="sessions">
            <h2 id="sessions">Where you are logged in</h2>
            {sessions.isPending && <Loading />}
            {sessions.isError && <Failure reason={sessions.error} />}
            <ul className="rows">
                {sessions.data?.map((session) => (
                    <li key={session.id}>
                        <span>
                            <span title={session.userAgent ?? undefined}>{browserOf(session.userAgent)}</span>
                            <br />
                            <span className="soft small">
                                {session.address} · since {format.moment(session.createdAt)} · used{" "}
                                {format.ago(session.lastUsedAt)}
                            </span>
                        </span>
                        {session.current ? (
                            <span className="badge good">this one</span>
                        ) : (
                            <AskedButton
                                name="End"
                                of={browserOf(session.userAgent)}
                                title="End this session?"
                                verb="End session"
                                does={() =>
                                    bodyOf(
                                        api.DELETE("/api/auth/sessions/{id}", {
                                            params: { path: { id: session.id } },
                                        }),
                                    )
                                }
                                done={() => {
                                    void client.invalidateQueries({ queryKey: ["sessions"] });
                                    say("The session has ended.");
                                }}
                            >
                                <p>
                                    {browserOf(session.userAgent)} at {session.address}. Whoever works there
                                    has to log in again.
                                </p>
                            </AskedButton>
                        )}
                    </li>
                ))}
            </ul>
        </section>
    );
}

export default function Account() {
    useTitle("Account");
    const { me } = useHere();
    const { complain } = useToasts();
    const [theme, setTheme] = useTheme();
    return (
        <div className="view narrow">
            <div className="view-head">
                <div>
                    <h1>{me.user.name}</h1>
                    <p className="soft">
                        {me.user.username} · {me.user.role}
                    </p>
                </div>
                <button className="button" type="button" onClick={() => void logOut().catch(complain)}>
                    Log out
                </button>
            </div>
            <div className="pair">
                <Password />
                <div className="stack">
                    <section className="card" aria-labelledby="tokens">
                        <div className="card-head">
                            <h2 id="tokens">API tokens</h2>
                            <Link to="/account/tokens">All tokens</Link>
                        </div>
                        <p className="soft">
                            For programs that act in your name. <a href="docs">The API’s documentation</a> has
                            examples that run here.
                        </p>
                    </section>
                    <section className="card" aria-label="Appearance">
                        <SelectField label="Colours" value={theme} change={(next) => setTheme(next as Theme)}>
                            <option value="system">As the system</option>
                            <option value="light">Light</option>
                            <option value="dark">Dark</option>
                        </SelectField>
                    </section>
                    {/* Last, for nobody knows how many there will be. */}
                    <Sessions />
                </div>
            </div>
        </div>
    );
}
