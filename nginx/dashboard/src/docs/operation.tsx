// An operation: what it takes, what it answers, and a way to try it.
import { useState } from "react";
import { type Answer, type Operation, type Parameter, type Schema, resolved } from "./description";
import { SchemaView, Unfold, useDescription } from "./schema";
import { Code, Line, Text } from "./text";
import { Try } from "./try";
import { typeInWords } from "./words";

/// GET, POST and the others, in their colours.
export function Method({ method }: { method: string }) {
    return <span className={`method ${method.toLowerCase()}`}>{method}</span>;
}

function Parameters({ parameters }: { parameters: Parameter[] }) {
    const whole = useDescription();
    if (parameters.length === 0) return null;
    return (
        <>
            <h4>Parameters</h4>
            <ul className="fields">
                {parameters.map((parameter) => (
                    <li key={`${parameter.in} ${parameter.name}`}>
                        <div className="field-head">
                            <code className="name">{parameter.name}</code>
                            <span className="soft">
                                in {parameter.in} · {typeInWords(resolved<Schema>(whole, parameter.schema))}
                            </span>
                            {parameter.required && <span className="badge">required</span>}
                        </div>
                        {parameter.description !== undefined && (
                            <p>
                                <Line text={parameter.description} />
                            </p>
                        )}
                    </li>
                ))}
            </ul>
        </>
    );
}

function Bodies({ operation }: { operation: Operation }) {
    const bodies = Object.entries(operation.body);
    if (bodies.length === 0) return null;
    return (
        <>
            <h4>Body</h4>
            {bodies.map(([media, { schema, example }]) => (
                <div className="form" key={media}>
                    <p className="soft small">{media}</p>
                    <Unfold summary="Fields">{() => <SchemaView schema={schema} />}</Unfold>
                    {example !== undefined && (
                        <Code label={`Example of a body, ${media}`}>
                            {typeof example === "string" ? example : JSON.stringify(example, null, 2)}
                        </Code>
                    )}
                </div>
            ))}
        </>
    );
}

function Actions({ operation }: { operation: Operation }) {
    if (operation.actions.length === 0) return null;
    return (
        <>
            <h4>Actions</h4>
            <ul className="fields">
                {operation.actions.map(([name, { summary, media, schema, orMedia }]) => (
                    <li key={name}>
                        <div className="field-head">
                            <code className="name">action={name}</code>
                            <span className="soft">
                                {summary} ·{" "}
                                {[media, orMedia].filter((type) => type !== undefined).join(" or ")}
                            </span>
                        </div>
                        {media.endsWith("json") && (
                            <Unfold summary="What it answers">{() => <SchemaView schema={schema} />}</Unfold>
                        )}
                    </li>
                ))}
            </ul>
        </>
    );
}

/// The error codes of a refusal; none where it isn't one.
function codesOf({ content }: Answer): string {
    const parts = Object.values(content ?? {}).flatMap(({ schema }) => schema.allOf ?? []);
    return parts.flatMap((part) => part.properties?.["code"]?.enum ?? []).join(", ");
}

function ExampleOf({ schema }: { schema: Schema }) {
    const whole = useDescription();
    const list = schema.type === "array" && schema.items !== undefined;
    const [example] = resolved<Schema>(whole, list ? (schema.items ?? schema) : schema).examples ?? [];
    if (example === undefined) return null;
    return <Code label="Example of an answer">{JSON.stringify(list ? [example] : example, null, 2)}</Code>;
}

function AnswerView({ status, answer }: { status: string; answer: Answer }) {
    const whole = useDescription();
    const codes = codesOf(answer);
    const headers = Object.entries(answer.headers ?? {});
    return (
        <Unfold
            summary={
                <>
                    <span className={status.startsWith("2") ? "badge good" : "badge"}>{status}</span>{" "}
                    {codes !== "" && <code>{codes}</code>} <Line text={answer.description} />
                </>
            }
        >
            {() => (
                <div className="form">
                    <ul className="fields">
                        {headers.map(([name, header]) => {
                            const { description = "" } = resolved<{ description?: string }>(whole, header);
                            return (
                                <li key={name}>
                                    <code className="name">{name}</code>{" "}
                                    <span className="soft">
                                        <Line text={description} />
                                    </span>
                                </li>
                            );
                        })}
                    </ul>
                    {Object.entries(answer.content ?? {}).map(([media, { schema }]) => (
                        <div className="form" key={media}>
                            <p className="soft small">{media}</p>
                            {media.endsWith("json") && <SchemaView schema={schema} />}
                            <ExampleOf schema={schema} />
                        </div>
                    ))}
                </div>
            )}
        </Unfold>
    );
}

/// What it answers when all is well; the refusals unfold together, for there are many and all alike.
function Answers({ answers }: { answers: Operation["answers"] }) {
    const isRefusal = (status: string) => Number(status) >= 400;
    const refusals = answers.filter(([status]) => isRefusal(status));
    return (
        <>
            <h4>Answers</h4>
            <div>
                {answers
                    .filter(([status]) => !isRefusal(status))
                    .map(([status, answer]) => (
                        <AnswerView key={status} status={status} answer={answer} />
                    ))}
                {refusals.length > 0 && (
                    <Unfold summary={`Refusals: ${refusals.map(([status]) => status).join(", ")}`}>
                        {() => (
                            <div>
                                {refusals.map(([status, answer]) => (
                                    <AnswerView key={status} status={status} answer={answer} />
                                ))}
                            </div>
                        )}
                    </Unfold>
                )}
            </div>
        </>
    );
}

/// All of it.
export function OperationView({ operation }: { operation: Operation }) {
    const { id, method, path, summary, description, access } = operation;
    const [trying, setTrying] = useState(false);
    return (
        <article className="card operation" id={id} aria-labelledby={`${id}-title`} tabIndex={-1}>
            <div className="card-head">
                <h3 id={`${id}-title`}>
                    <a className="row-link" href={`#${id}`}>
                        <Line text={summary} />
                    </a>
                </h3>
                <span className="badge">{access}</span>
            </div>
            <p className="address">
                <Method method={method} /> <code>{path}</code>
            </p>
            {description !== "" && <Text text={description} />}
            <Actions operation={operation} />
            <Parameters parameters={operation.parameters} />
            <Bodies operation={operation} />
            <Answers answers={operation.answers} />
            <button
                className="button"
                type="button"
                aria-expanded={trying}
                aria-label={`Try it: ${summary.replaceAll("`", "")}`}
                onClick={() => setTrying(!trying)}
            >
                Try it
            </button>
            {trying && <Try operation={operation} />}
        </article>
    );
}
