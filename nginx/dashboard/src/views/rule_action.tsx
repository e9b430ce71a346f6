// The end of a rule's sentence: what it does, and with what.
import { useRef } from "react";
import { useHere } from "../format";
import { Inline, InlineSelect, InlineText } from "../ui/inline";
import type { Reasons } from "./product_fields";
import { usePeople } from "./rule_conditions";
import type { RuleTexts } from "./rule_texts";
import { actions, channels, fieldsOf, namesOf, type Channel } from "./rule_words";

interface ActionProps {
    texts: RuleTexts;
    change: (texts: RuleTexts) => void;
    reasons: Reasons;
}

/// Who gets it; what leaves the house is for administrators.
function Channels({ texts, change, reasons }: ActionProps) {
    const { me } = useHere();
    const chosen = texts.channels;
    const toggle = (channel: Channel, on: boolean) =>
        change({
            ...texts,
            channels: namesOf(channels).filter((one) => (one === channel ? on : chosen.includes(one))),
        });
    const mayLeave = me.user.role === "admin";
    return (
        <div className="clause">
            <span className="word">to</span>
            <div className="channels" role="group" aria-label="Channels">
                {namesOf(channels).map((channel) => (
                    <label className="check" key={channel}>
                        <input
                            type="checkbox"
                            checked={chosen.includes(channel)}
                            disabled={!mayLeave && channel !== "in-app" && !chosen.includes(channel)}
                            onChange={(event) => toggle(channel, event.target.checked)}
                        />
                        {channels[channel]}
                    </label>
                ))}
                {reasons["config.channels"] !== undefined && (
                    <span className="wrong">{reasons["config.channels"]}</span>
                )}
                {!mayLeave && (
                    <span className="soft small">Mail and webhooks are for administrators to set up.</span>
                )}
            </div>
        </div>
    );
}

/// What it says, with places that are filled in.
function Message({ texts, change, reasons }: ActionProps) {
    const area = useRef<HTMLTextAreaElement>(null);
    const { message } = texts;
    const insert = (field: string) => {
        const at = area.current?.selectionStart ?? message.length;
        change({ ...texts, message: `${message.slice(0, at)}{{${field}}}${message.slice(at)}` });
        area.current?.focus();
    };
    return (
        <div className="clause">
            <span className="word">saying</span>
            <Inline label="Message" error={reasons["config.message"]} grows>
                {(wiring) => (
                    <textarea
                        {...wiring}
                        ref={area}
                        rows={3}
                        placeholder="Left empty, the shop words it."
                        value={message}
                        onChange={(event) => change({ ...texts, message: event.target.value })}
                    />
                )}
            </Inline>
            <InlineSelect
                label="Insert into the message"
                value=""
                options={[["", "Insert…"], ...fieldsOf(texts.trigger).map((name) => [name, name] as const)]}
                change={insert}
            />
        </div>
    );
}

function Notification(props: ActionProps) {
    const { texts, change, reasons } = props;
    return (
        <>
            <Channels {...props} />
            {texts.channels.includes("email") && (
                <div className="clause">
                    <span className="word">mailing</span>
                    <InlineText
                        label="E-mail addresses"
                        placeholder="ada@example.org, bob@example.org"
                        value={texts.to}
                        change={(to) => change({ ...texts, to })}
                        error={reasons["config.to"]}
                        grows
                    />
                </div>
            )}
            {texts.channels.includes("webhook") && (
                <div className="clause">
                    <span className="word">calling</span>
                    <InlineText
                        label="Webhook address"
                        placeholder="https://example.org/hook"
                        value={texts.url}
                        change={(url) => change({ ...texts, url })}
                        error={reasons["config.url"]}
                        grows
                    />
                </div>
            )}
            <Message {...props} />
        </>
    );
}

/// then …
export function ActionClause(props: ActionProps) {
    const { texts, change, reasons } = props;
    const people = usePeople(texts.userId);
    return (
        <>
            <div className="clause">
                <span className="word">then</span>
                <InlineSelect
                    label="Action"
                    value={texts.action}
                    options={namesOf(actions).map((name) => [name, actions[name]])}
                    change={(action) => change({ ...texts, action })}
                    error={reasons["action"]}
                />
                {texts.action === "Assign Staff" && (
                    <InlineSelect
                        label="Who"
                        value={texts.userId}
                        options={[["", "whoever has the fewest open orders"], ...people]}
                        change={(userId) => change({ ...texts, userId })}
                        error={reasons["config.userId"]}
                    />
                )}
            </div>
            {texts.action === "Send Notification" && <Notification {...props} />}
        </>
    );
}
