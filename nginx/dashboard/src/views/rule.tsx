// A rule: edited where it stands, over what was read.
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "react-router";
import { api, bodyOf, type Versioned } from "../api/client";
import {
    changeRule,
    readRule,
    useRule,
    useRulesChanged,
    type RuleBody,
    type SavedRule,
} from "../api/workflows";
import { AskedButton } from "../ui/asked";
import { SaveBar, useEditing } from "../ui/editing";
import { ItemHead } from "../ui/head";
import { Single, useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";
import { RuleForm } from "./rule_form";
import { actionInWords, conditionsInWords, useNameOf, type NameOf } from "./rule_sentence";
import { differing, textsOfRule, type Part, type RuleTexts } from "./rule_texts";
import { triggers } from "./rule_words";

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

/// The parts of a rule that a thing to people stands for.
const partsOf = (said: Said): Part[] => (said === "config" ? ["action", "config"] : [said]);

function differs(one: RuleTexts, other: RuleTexts, said: Said): boolean {
    const parts = differing(one, other);
    return partsOf(said).some((part) => parts.includes(part));
}

/// Only what was changed; an emptied name is refused by the server.
function changesOf(name: string, changes: readonly Said[], body: RuleBody): Partial<RuleBody> {
    const whole: RuleBody = { ...body, name };
    const changed = new Set(changes.flatMap(partsOf));
    // Conditions are about what the trigger is about.
    if (changed.has("trigger")) changed.add("conditions");
    return Object.fromEntries([...changed].map((part) => [part, whole[part]]));
}

function DeleteRule({ rule: { value: rule, etag } }: { rule: Versioned<SavedRule> }) {
    const client = useQueryClient();
    const navigate = useNavigate();
    const changed = useRulesChanged();
    const { say } = useToasts();
    const remove = () =>
        bodyOf(
            api.DELETE("/api/workflows/{id}", {
                params: { path: { id: rule.id }, header: { "If-Match": etag } },
            }),
        );
    return (
        <AskedButton
            name="Delete"
            title={`Delete ${rule.name}?`}
            verb="Delete rule"
            does={remove}
            // Somebody else may have changed it: it is shown as it is now, and can be deleted as that.
            refused={() => void client.invalidateQueries({ queryKey: ["rule", rule.id] })}
            done={() => {
                void changed();
                say(`${rule.name} was deleted.`);
                void navigate("/workflows", { replace: true });
            }}
        >
            <p>
                It does nothing any more, and can’t be brought back. What it did stays in the history. To have
                it rest, switch it off instead.
            </p>
        </AskedButton>
    );
}

function RuleEditor({ rule }: { rule: Versioned<SavedRule> }) {
    const nameOf = useNameOf();
    const changed = useRulesChanged();
    const editing = useEditing({
        what: "rule",
        id: rule.value.id,
        current: rule,
        labels,
        textsOf: textsOfRule,
        differs,
        shownAs: (texts, said) => inWords(texts, said, nameOf),
        read: readRule,
        write: changeRule,
        atOnce: true,
        saved: () => void changed(),
    });
    const { texts, change, changes, save, refused, forgive, conflict } = editing;
    return (
        <>
            <RuleForm
                texts={texts}
                change={change}
                save={(body) => {
                    if (changes.length > 0) save(changesOf(texts.name, changes, body));
                }}
                refused={refused}
                forgive={forgive}
            >
                <SaveBar editing={editing} labels={labels} />
            </RuleForm>
            {conflict}
        </>
    );
}

function Shown({ rule }: { rule: Versioned<SavedRule> }) {
    const { id, name, warnings } = rule.value;
    useTitle(name);
    return (
        <div className="view narrow">
            <ItemHead list={{ to: "/workflows", name: "Workflows" }} title={name}>
                <Link className="button" to={`/workflows/runs?ruleId=${id}`}>
                    What it did
                </Link>
                <DeleteRule rule={rule} />
            </ItemHead>
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
    return (
        <Single query={useRule(id)} list={<Link to="/workflows">All rules</Link>}>
            {(rule) => <Shown rule={rule} />}
        </Single>
    );
}
