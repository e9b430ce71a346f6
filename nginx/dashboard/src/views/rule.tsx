// A rule: edited where it stands, over what was read.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { api, ApiError, bodyOf, type Versioned } from "../api/client";
import {
    changeRule,
    readRule,
    useRule,
    useRulesChanged,
    type RuleBody,
    type SavedRule,
} from "../api/workflows";
import { Conflict } from "../ui/conflict";
import { Confirm } from "../ui/dialog";
import { useDraft } from "../ui/draft";
import { Failure, Loading, useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";
import { RuleForm } from "./rule_form";
import { actionInWords, conditionsInWords, useNameOf, type NameOf } from "./rule_sentence";
import { differing, textsOfRule, type Part, type RuleTexts } from "./rule_texts";
import { namesOf, triggers } from "./rule_words";

interface Draft {
    /// What it was when the editing began.
    base: Versioned<SavedRule>;
    texts: RuleTexts;
}

/// An action and what belongs to it is one thing to people.
type Said = Exclude<Part, "action">;

const labels: Record<Said, string> = {
    name: "Name",
    trigger: "When",
    conditions: "If",
    config: "Then",
    enabled: "Enabled",
};

function inWords(texts: RuleTexts, part: Said, nameOf: NameOf): string {
    if (part === "name") return texts.name;
    if (part === "trigger") return triggers[texts.trigger];
    if (part === "conditions") return conditionsInWords(texts, nameOf);
    if (part === "enabled") return texts.enabled ? "yes" : "no";
    return actionInWords(texts, nameOf);
}

/// What two versions say, where they differ.
function conflicting(mine: RuleTexts, base: SavedRule, theirs: SavedRule, nameOf: NameOf) {
    const [before, now] = [textsOfRule(base), textsOfRule(theirs)];
    const said = (texts: RuleTexts) =>
        differing(texts, before).map((part): Said => (part === "action" ? "config" : part));
    const [here, there] = [said(mine), said(now)];
    return namesOf(labels)
        .filter((part) => here.includes(part) || there.includes(part))
        .map((part) => ({
            label: labels[part],
            theirs: inWords(now, part, nameOf),
            mine: here.includes(part) ? inWords(mine, part, nameOf) : null,
        }));
}

/// Only what was changed; an emptied name is refused by the server.
function changesOf(texts: RuleTexts, base: SavedRule, body: RuleBody): Partial<RuleBody> {
    const whole: RuleBody = { ...body, name: texts.name };
    const changed = new Set(differing(texts, textsOfRule(base)));
    // What only makes sense together goes together.
    if (changed.has("action")) changed.add("config");
    if (changed.has("trigger")) changed.add("conditions");
    return Object.fromEntries([...changed].map((part) => [part, whole[part]]));
}

function DeleteRule({ rule: { value: rule, etag } }: { rule: Versioned<SavedRule> }) {
    const [asking, setAsking] = useState(false);
    const navigate = useNavigate();
    const changed = useRulesChanged();
    const { say, complain } = useToasts();
    const remove = useMutation({
        mutationFn: () =>
            bodyOf(
                api.DELETE("/api/workflows/{id}", {
                    params: { path: { id: rule.id }, header: { "If-Match": etag } },
                }),
            ),
        onSettled: () => setAsking(false),
        onError: complain,
        onSuccess: () => {
            void changed();
            say(`${rule.name} was deleted.`);
            void navigate("/workflows", { replace: true });
        },
    });
    return (
        <>
            <button className="button" type="button" onClick={() => setAsking(true)}>
                Delete
            </button>
            {asking && (
                <Confirm
                    title={`Delete ${rule.name}?`}
                    verb="Delete rule"
                    danger
                    busy={remove.isPending}
                    confirm={() => remove.mutate()}
                    close={() => setAsking(false)}
                >
                    <p>
                        It does nothing any more, and can’t be brought back. What it did stays in the history.
                        To have it rest, switch it off instead.
                    </p>
                </Confirm>
            )}
        </>
    );
}

function useSaving(id: number, forget: () => void) {
    const client = useQueryClient();
    const changed = useRulesChanged();
    const { say } = useToasts();
    const [theirs, setTheirs] = useState<Versioned<SavedRule> | null>(null);
    const save = useMutation({
        mutationFn: ({ etag, body }: { etag: string; body: Partial<RuleBody> }) => changeRule(id, etag, body),
        onSuccess: (saved) => {
            client.setQueryData(["workflow", id], saved);
            forget();
            void changed();
            say("Saved.");
        },
        onError: async (reason) => {
            if (reason instanceof ApiError && reason.status === 412) setTheirs(await readRule(id));
        },
    });
    return { save, theirs, setTheirs };
}

function RuleEditor({ rule }: { rule: Versioned<SavedRule> }) {
    const { id } = rule.value;
    const [draft, setDraft, forget] = useDraft<Draft | null>(`rule-${id}`, () => null);
    const { save, theirs, setTheirs } = useSaving(id, forget);
    const client = useQueryClient();
    const nameOf = useNameOf();
    const base = draft?.base ?? rule;
    const texts = draft?.texts ?? textsOfRule(rule.value);
    const changed = differing(texts, textsOfRule(base.value)).length > 0;
    const [whole, setWhole] = useState<RuleBody | null>(null);
    const send = (over: Versioned<SavedRule>, body: RuleBody) => {
        setWhole(body);
        setTheirs(null);
        if (changed) save.mutate({ etag: over.etag, body: changesOf(texts, base.value, body) });
    };
    const refused = save.error instanceof ApiError && save.error.status === 412 ? null : save.error;
    return (
        <>
            <RuleForm
                texts={texts}
                change={(next) => setDraft({ base, texts: next })}
                save={(body) => send(base, body)}
                refused={refused}
                forgive={save.reset}
            >
                {changed && (
                    <button
                        className="button"
                        type="button"
                        onClick={() => {
                            forget();
                            save.reset();
                        }}
                    >
                        Discard
                    </button>
                )}
                <button className="button primary" disabled={!changed || save.isPending}>
                    Save
                </button>
            </RuleForm>
            {theirs !== null && draft !== null && whole !== null && (
                <Conflict
                    what="rule"
                    rows={conflicting(texts, base.value, theirs.value, nameOf)}
                    keepMine={() => send(theirs, whole)}
                    takeTheirs={() => {
                        client.setQueryData(["workflow", id], theirs);
                        setTheirs(null);
                        forget();
                        save.reset();
                    }}
                    close={() => setTheirs(null)}
                />
            )}
        </>
    );
}

function Shown({ rule }: { rule: Versioned<SavedRule> }) {
    const { id, name, warnings } = rule.value;
    useTitle(name);
    return (
        <div className="view narrow">
            <div className="view-head">
                <div className="view-title">
                    <Link className="soft" to="/workflows">
                        Workflows
                    </Link>
                    <span className="soft" aria-hidden="true">
                        /
                    </span>
                    <h1>{name}</h1>
                </div>
                <div className="actions">
                    <Link className="button" to={`/workflows/runs?ruleId=${id}`}>
                        What it did
                    </Link>
                    <DeleteRule rule={rule} />
                </div>
            </div>
            {warnings.map((warning) => (
                <p className="note warn" key={warning}>
                    {warning}
                </p>
            ))}
            <RuleEditor key={id} rule={rule} />
        </div>
    );
}

export default function Rule() {
    const id = Number(useParams()["id"]);
    const rule = useRule(id);
    if (rule.data) return <Shown rule={rule.data} />;
    if (rule.isPending) return <Loading />;
    return (
        <div className="view">
            <Failure reason={rule.error} again={() => void rule.refetch()} />
            <Link to="/workflows">All rules</Link>
        </div>
    );
}
