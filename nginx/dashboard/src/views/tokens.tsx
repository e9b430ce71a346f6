// One's own API tokens, for programs that act in one's name.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import "../styles/admin.css";
import { api, ApiError, bodyOf, type Schemas } from "../api/client";
import { useHere } from "../format";
import { CopyField } from "../ui/copy";
import { AskedButton } from "../ui/asked";
import { Dialog } from "../ui/dialog";
import { SelectField, TextField } from "../ui/field";
import { ItemHead } from "../ui/head";
import { Failure, FormFailure, Loading, useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";

type Token = Schemas["Token"];
type Secret = Pick<Schemas["NewToken"], "name" | "token">;

const dayMs = 86_400_000;
const spans = { "30": "In 30 days", "90": "In 90 days", "365": "In a year", "": "Never" } as const;

function useTokensChanged() {
    const client = useQueryClient();
    return () => client.invalidateQueries({ queryKey: ["tokens"] });
}

/// The secret, this once.
function Made({ token, close }: { token: Secret; close: () => void }) {
    return (
        <Dialog title={`${token.name}: the token`}>
            <div className="form">
                <CopyField label="Token" text={token.token} />
                <p className="note warn">
                    It is shown this once: nobody, the shop included, can tell it again. Whoever has it acts
                    in your name, so keep it like a password.
                </p>
                <p className="soft">
                    Programs send it with every request: <code>Authorization: Bearer …</code>
                </p>
                <div className="actions">
                    <button className="button primary" type="button" onClick={close}>
                        I have kept it
                    </button>
                </div>
            </div>
        </Dialog>
    );
}

function NewToken() {
    const { format } = useHere();
    const [name, setName] = useState("");
    const [readOnly, setReadOnly] = useState(true);
    const [days, setDays] = useState("90");
    const [made, setMade] = useState<Secret | null>(null);
    const changed = useTokensChanged();
    const until = days === "" ? null : new Date(Date.now() + Number(days) * dayMs).toISOString();
    const create = useMutation({
        mutationFn: (body: Schemas["AuthTokensCreateBody"]) => bodyOf(api.POST("/api/auth/tokens", { body })),
        onSuccess: (token) => {
            setMade(token);
            setName("");
            void changed();
        },
        gcTime: 0, // the secret isn't kept
    });
    const details = create.error instanceof ApiError ? create.error.details : {};
    return (
        <section className="card" aria-labelledby="new-token">
            <h2 id="new-token">New token</h2>
            <form
                className="form"
                noValidate
                onSubmit={(event) => {
                    event.preventDefault();
                    create.mutate({ name, readOnly, expiresAt: until });
                }}
            >
                <div className="columns">
                    <TextField
                        label="Name"
                        value={name}
                        change={setName}
                        error={details["name"]}
                        hint="What it is for: a till, a nightly report."
                        autoComplete="off"
                        required
                    />
                    <SelectField
                        label="Expires"
                        value={days}
                        change={setDays}
                        error={details["expiresAt"]}
                        hint={until === null ? "Until it is revoked." : `On ${format.day(until)}.`}
                    >
                        {Object.entries(spans).map(([value, words]) => (
                            <option key={value} value={value}>
                                {words}
                            </option>
                        ))}
                    </SelectField>
                </div>
                <label className="check">
                    <input
                        type="checkbox"
                        checked={readOnly}
                        onChange={(event) => setReadOnly(event.target.checked)}
                    />
                    May only read
                </label>
                <FormFailure reason={create.error} fields={(field) => field === "name"} />
                <div className="actions">
                    <button className="button primary" disabled={create.isPending}>
                        Create token
                    </button>
                </div>
            </form>
            {made && (
                <Made
                    token={made}
                    close={() => {
                        setMade(null);
                        create.reset();
                    }}
                />
            )}
        </section>
    );
}

function Revoke({ token }: { token: Token }) {
    const changed = useTokensChanged();
    const { say } = useToasts();
    return (
        <AskedButton
            name="Revoke"
            of={token.name}
            title={`Revoke ${token.name}?`}
            verb="Revoke token"
            does={() => bodyOf(api.DELETE("/api/auth/tokens/{id}", { params: { path: { id: token.id } } }))}
            done={() => {
                void changed();
                say(`${token.name} was revoked.`);
            }}
        >
            <p>Whatever uses it is refused from then on. This can’t be undone.</p>
        </AskedButton>
    );
}

function Row({ token }: { token: Token }) {
    const { format } = useHere();
    const { name, readOnly, createdAt, lastUsedAt, expiresAt } = token;
    const expired = expiresAt !== null && Date.parse(expiresAt) < Date.now();
    return (
        <li>
            <span>
                <strong>{name}</strong> {readOnly && <span className="badge">reads only</span>}{" "}
                {expired && <span className="badge bad">expired</span>}
                <br />
                <span className="soft small">
                    created {format.day(createdAt)} ·{" "}
                    {lastUsedAt === null ? "never used" : `used ${format.ago(lastUsedAt)}`} ·{" "}
                    {expiresAt === null
                        ? "doesn’t expire"
                        : `${expired ? "expired" : "expires"} ${format.day(expiresAt)}`}
                </span>
            </span>
            <Revoke token={token} />
        </li>
    );
}

export default function Tokens() {
    useTitle("API tokens");
    const tokens = useQuery({
        queryKey: ["tokens"],
        queryFn: ({ signal }) => bodyOf(api.GET("/api/auth/tokens", { signal })),
    });
    return (
        <div className="view narrow">
            <ItemHead list={{ to: "/account", name: "Account" }} title="API tokens" />
            <p className="soft">
                With a token a program uses the <a href="api/openapi.json">API</a> in your name and with your
                rights. Each person sees and revokes their own.
            </p>
            <NewToken />
            <section className="card" aria-labelledby="tokens">
                <h2 id="tokens">Yours</h2>
                {tokens.isPending && <Loading />}
                {tokens.isError && <Failure reason={tokens.error} again={() => void tokens.refetch()} />}
                {tokens.data?.length === 0 && <p className="soft">You have no token.</p>}
                <ul className="rows">
                    {tokens.data?.map((token) => (
                        <Row key={token.id} token={token} />
                    ))}
                </ul>
            </section>
        </div>
    );
}
