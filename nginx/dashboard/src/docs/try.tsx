// An operation that runs here, against this server.
import { useState } from "react";
import { Confirm } from "../ui/dialog";
import { Field, SelectField, TextArea, TextField } from "../ui/field";
import { folder, type Operation, type Parameter } from "./description";
import { asCurl, filledIn, keyOf, prepared, send, type Answered, type Filled } from "./request";
import { Code } from "./text";

interface GivenProps {
    parameter: Parameter;
    value: string;
    change: (value: string) => void;
}

function Given({ parameter, value, change }: GivenProps) {
    const { name, schema, required = false } = parameter;
    const label = required ? `${name} (required)` : name;
    const choices = schema.type === "boolean" ? ["true", "false"] : schema.enum?.map(String);
    if (choices === undefined) {
        return (
            <TextField label={label} value={value} change={change} autoComplete="off" spellCheck={false} />
        );
    }
    return (
        <SelectField label={label} value={value} change={change}>
            <option value="" />
            {choices.map((choice) => (
                <option key={choice}>{choice}</option>
            ))}
        </SelectField>
    );
}

function Answer({ answered }: { answered: Answered }) {
    const { status, ms, headers, body, cut } = answered;
    return (
        <div className="form">
            <p role="status">
                <span className={`badge ${status.startsWith("2") ? "good" : "bad"}`}>{status}</span>{" "}
                <span className="soft small">{ms} ms</span>
            </p>
            {status.startsWith("401") && (
                <p className="note">
                    <span>
                        Nobody is logged in to the shop in this browser. <a href={`${folder}/`}>Log in</a>,
                        then send it again.
                    </span>
                </p>
            )}
            <Code label="Headers of the answer">{headers}</Code>
            {body !== "" && <Code label="Body of the answer">{body}</Code>}
            {cut && <p className="soft small">Only the beginning is shown.</p>}
        </div>
    );
}

/// What can't be taken back: asked before it is sent.
const isDangerous = ({ method, family }: Operation) =>
    method === "DELETE" || (method !== "GET" && family.startsWith("admin"));

function useSending(operation: Operation) {
    const [answered, setAnswered] = useState<Answered | null>(null);
    const [failed, setFailed] = useState(false);
    const [busy, setBusy] = useState(false);
    const run = async (filled: Filled) => {
        setBusy(true);
        setFailed(false);
        try {
            setAnswered(await send(prepared(operation, filled)));
        } catch {
            setAnswered(null);
            setFailed(true);
        }
        setBusy(false);
    };
    return { answered, failed, busy, run };
}

interface PartProps {
    operation: Operation;
    filled: Filled;
    change: (filled: Filled) => void;
}

function Parameters({ operation, filled, change }: PartProps) {
    if (operation.parameters.length === 0) return null;
    return (
        <div className="columns">
            {operation.parameters.map((parameter) => (
                <Given
                    key={keyOf(parameter)}
                    parameter={parameter}
                    value={filled.values[keyOf(parameter)] ?? ""}
                    change={(value) =>
                        change({ ...filled, values: { ...filled.values, [keyOf(parameter)]: value } })
                    }
                />
            ))}
        </div>
    );
}

function Body({ operation, filled, change }: PartProps) {
    const media = Object.keys(operation.body);
    if (media.length === 0) return null;
    return (
        <>
            {media.length > 1 && (
                <SelectField
                    label="Content-Type"
                    value={filled.media}
                    change={(next) => change({ ...filledIn(operation, next), values: filled.values })}
                >
                    {media.map((type) => (
                        <option key={type}>{type}</option>
                    ))}
                </SelectField>
            )}
            <TextArea
                label="Body"
                rows={Math.min(16, filled.body.split("\n").length + 1)}
                spellCheck={false}
                value={filled.body}
                change={(body) => change({ ...filled, body })}
            />
        </>
    );
}

/// Fields for everything it takes, a button, and what came back.
export function Try({ operation }: { operation: Operation }) {
    const [filled, setFilled] = useState(() => filledIn(operation));
    const [asking, setAsking] = useState(false);
    const { answered, failed, busy, run } = useSending(operation);
    const request = prepared(operation, filled);
    const missing = operation.parameters.some(
        (parameter) => parameter.required && (filled.values[keyOf(parameter)] ?? "") === "",
    );
    const dangerous = isDangerous(operation);
    return (
        <form
            className="form try"
            aria-label={`Try ${operation.id}`}
            onSubmit={(event) => {
                event.preventDefault();
                if (dangerous) setAsking(true);
                else void run(filled);
            }}
        >
            <Parameters operation={operation} filled={filled} change={setFilled} />
            <Body operation={operation} filled={filled} change={setFilled} />
            <Field label="The same by a program">
                {({ id }) => (
                    <output id={id}>
                        <Code label="The same by a program">
                            {asCurl(request, operation.access !== "everybody")}
                        </Code>
                    </output>
                )}
            </Field>
            <div className="actions">
                <span className="soft small grows">
                    Runs in this shop, as whoever is logged in in this browser
                    {operation.method === "GET" ? "." : ", and changes it."}
                </span>
                <button className={`button ${dangerous ? "danger" : "primary"}`} disabled={busy || missing}>
                    Send
                </button>
            </div>
            {failed && (
                <p className="note bad" role="alert">
                    The shop can’t be reached.
                </p>
            )}
            {answered !== null && <Answer answered={answered} />}
            {asking && (
                <Confirm
                    title={`${request.method} ${request.url}`}
                    verb="Send"
                    danger
                    confirm={() => {
                        setAsking(false);
                        void run(filled);
                    }}
                    close={() => setAsking(false)}
                >
                    <p>It is sent to this shop, and may not be taken back.</p>
                </Confirm>
            )}
        </form>
    );
}
