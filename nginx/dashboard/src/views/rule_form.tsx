// Builds a rule as a sentence, and looks at what it would have done before it is saved.
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { ApiError } from "../api/client";
import { previewRule, type RuleBody } from "../api/workflows";
import "../styles/workflows.css";
import { TextField } from "../ui/field";
import { InlineSelect } from "../ui/inline";
import { FormFailure } from "../ui/states";
import type { Reasons } from "./product_fields";
import { ActionClause } from "./rule_action";
import { Conditions } from "./rule_conditions";
import { previewDays, PreviewResult } from "./rule_preview";
import { bodyOfRule, type RuleTexts } from "./rule_texts";
import { namesOf, triggers } from "./rule_words";

interface FormProps {
    texts: RuleTexts;
    change: (texts: RuleTexts) => void;
    /// Sends what can be read.
    save: (body: RuleBody) => void;
    /// Why it wasn't saved, if it wasn't.
    refused: unknown;
    /// Forgets that.
    forgive: () => void;
    /// The buttons.
    children: ReactNode;
}

const isShown = (field: string) =>
    /^(?:name|trigger|action|conditions(?:\[\d+\](?:\.(?:field|operator|value))?)?|config\.(?:userId|channels|to|url|message))$/.test(
        field,
    );

const detailsOf = (reason: unknown): Reasons => (reason instanceof ApiError ? reason.details : {});

interface PreviewProps {
    days: number;
    setDays: (days: number) => void;
    ask: () => void;
    asked: ReturnType<typeof usePreview>;
    body: string;
}

function usePreview() {
    return useMutation({
        mutationFn: ({ body, days }: { body: RuleBody; days: number }) => previewRule(body, days),
    });
}

function Preview({ days, setDays, ask, asked, body }: PreviewProps) {
    return (
        <section className="card" aria-labelledby="preview">
            <div className="card-head">
                <h2 id="preview">What it would have done</h2>
                <div className="filters">
                    <InlineSelect
                        label="Period"
                        value={String(days)}
                        options={previewDays.map((number) => [String(number), `The last ${number} days`])}
                        change={(next) => setDays(Number(next))}
                    />
                    <button className="button" type="button" disabled={asked.isPending} onClick={ask}>
                        Preview
                    </button>
                </div>
            </div>
            {asked.data ? (
                <PreviewResult
                    key={asked.submittedAt}
                    preview={asked.data}
                    stale={JSON.stringify(asked.variables) !== body}
                />
            ) : (
                <p className="soft">
                    Looks at the orders and movements of that time, by today’s values. Nothing is saved or
                    sent.
                </p>
            )}
        </section>
    );
}

/// The sentence, the preview, and how it is saved.
export function RuleForm({ texts, change, save, refused, forgive, children }: FormProps) {
    const [unreadable, setUnreadable] = useState<Reasons>({});
    const [days, setDays] = useState<number>(30);
    const asked = usePreview();
    const reasons = { ...detailsOf(asked.error), ...detailsOf(refused), ...unreadable };
    const readable = (go: (body: RuleBody) => void) => {
        const { body, wrong } = bodyOfRule(texts);
        setUnreadable(wrong);
        forgive();
        if (asked.isError) asked.reset();
        if (Object.keys(wrong).length === 0) go(body);
    };
    return (
        <form
            className="stack"
            noValidate
            onSubmit={(event) => {
                event.preventDefault();
                readable(save);
            }}
        >
            <section className="card sentence" aria-label="Rule">
                <div className="clause">
                    <span className="word">When</span>
                    <InlineSelect
                        label="Trigger"
                        value={texts.trigger}
                        options={namesOf(triggers).map((name) => [name, triggers[name]])}
                        change={(trigger) => change({ ...texts, trigger })}
                        error={reasons["trigger"]}
                    />
                </div>
                <Conditions texts={texts} change={change} reasons={reasons} />
                <ActionClause texts={texts} change={change} reasons={reasons} />
            </section>
            <section className="card columns" aria-label="Name and state">
                <TextField
                    label="Name"
                    placeholder={`${texts.trigger} → ${texts.action}`}
                    autoComplete="off"
                    value={texts.name}
                    change={(name) => change({ ...texts, name })}
                    error={reasons["name"]}
                />
                <label className="check end">
                    <input
                        className="switch"
                        type="checkbox"
                        role="switch"
                        checked={texts.enabled}
                        onChange={(event) => change({ ...texts, enabled: event.target.checked })}
                    />
                    Enabled
                </label>
            </section>
            <Preview
                days={days}
                setDays={setDays}
                ask={() => readable((body) => asked.mutate({ body, days }))}
                asked={asked}
                body={JSON.stringify({ body: bodyOfRule(texts).body, days })}
            />
            <FormFailure reason={refused ?? asked.error} fields={isShown} />
            {children}
        </form>
    );
}
