// Mails and webhooks that rules sent: whether they arrived, and what was tried.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "../api/client";
import { useList } from "../api/lists";
import type { paths } from "../api/schema";
import type { Delivery } from "../api/workflows";
import { useHere, type Format } from "../format";
import "../styles/workflows.css";
import { Feed } from "../ui/feed";
import { ClearFilters, FilterChip } from "../ui/filter_fields";
import { useFilters, type Filters } from "../ui/filters";
import { useTitle } from "../ui/states";
import { deliveryStates, StateBadge } from "../ui/status";
import { useToasts } from "../ui/toasts";
import { channels } from "./rule_words";
import { WorkflowsHead } from "./workflows_head";

type Query = NonNullable<paths["/api/workflows/deliveries"]["get"]["parameters"]["query"]>;

/// What the address asks for, as the API has it, which says what is wrong with it.
function queryOf(filters: Filters): Query {
    const [runId, state] = [filters.get("runId"), filters.get("state")];
    const asked: Record<string, string> = {
        sort: "-id",
        ...(runId !== "" && { runId }),
        ...(state !== "" && { state }),
    };
    return asked;
}

function useSendingAgain() {
    const client = useQueryClient();
    const { say, complain } = useToasts();
    return useMutation({
        mutationFn: (id: number) =>
            bodyOf(api.POST("/api/workflows/deliveries/{id}/retry", { params: { path: { id } } })),
        onError: complain,
        onSuccess: ({ target }) => say(`It goes out to ${target} again.`),
        onSettled: () => client.invalidateQueries({ queryKey: ["deliveries"] }),
    });
}

/// How it went the last time, and when it goes on.
function outcomeOf({ attempts, state, nextAttemptAt, deliveredAt }: Delivery, format: Format): string {
    const last = attempts.at(-1);
    const tried = attempts.length === 1 ? "Tried once" : `Tried ${format.count(attempts.length)} times`;
    if (deliveredAt !== null) return `Delivered ${format.moment(deliveredAt)}.`;
    const next =
        state === "pending" && nextAttemptAt !== null ? ` Next ${format.moment(nextAttemptAt)}.` : "";
    return last === undefined ? `Not sent yet.${next}` : `${tried}: ${last.error ?? "no answer"}.${next}`;
}

interface DeliveryRowProps {
    delivery: Delivery;
    format: Format;
    /// Sends it once more.
    again: ReturnType<typeof useSendingAgain>;
}

function DeliveryRow({ delivery, format, again }: DeliveryRowProps) {
    const { id, channel, target, state, createdAt } = delivery;
    return (
        <li className="run">
            <StateBadge state={state} />
            <div>
                <p>
                    <strong>{target}</strong> <span className="soft">· {channels[channel]}</span>
                </p>
                <p className="soft">{outcomeOf(delivery, format)}</p>
                {state !== "delivered" && (
                    <button
                        className="button"
                        type="button"
                        disabled={again.isPending}
                        onClick={() => again.mutate(id)}
                    >
                        Send again<span className="visually-hidden">: {target}</span>
                    </button>
                )}
            </div>
            <span className="soft small" title={format.moment(createdAt)}>
                {format.ago(createdAt)}
            </span>
        </li>
    );
}

function DeliveryFilters({ filters }: { filters: Filters }) {
    return (
        <div className="filters" role="search">
            <select aria-label="State" {...filters.field("state")}>
                <option value="">Every state</option>
                {deliveryStates.map((state) => (
                    <option key={state}>{state}</option>
                ))}
            </select>
            <FilterChip filters={filters} name="runId" otherwise="all">
                Run #{filters.get("runId")}
            </FilterChip>
            <ClearFilters filters={filters} />
        </div>
    );
}

export default function Deliveries() {
    useTitle("Deliveries");
    const { format } = useHere();
    const filters = useFilters();
    const asked = queryOf(filters);
    const again = useSendingAgain();
    const list = useList(["deliveries", asked], (paging, signal) =>
        api.GET("/api/workflows/deliveries", { params: { query: { ...asked, ...paging } }, signal }),
    );
    return (
        <div className="view narrow">
            <WorkflowsHead />
            <DeliveryFilters filters={filters} />
            <Feed
                label="Deliveries"
                query={list}
                none={
                    filters.any
                        ? "No mail or webhook is like that."
                        : "No rule has sent a mail or called a webhook."
                }
            >
                {(delivery) => (
                    <DeliveryRow key={delivery.id} delivery={delivery} format={format} again={again} />
                )}
            </Feed>
        </div>
    );
}
