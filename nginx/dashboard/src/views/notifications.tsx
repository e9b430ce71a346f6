// What the shop's rules tell this user.
import { useMutation, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, bodyOf, type Page, type Schemas } from "../api/client";
import { useList } from "../api/lists";
import { useHere } from "../format";
import { Feed } from "../ui/feed";
import { useFilters } from "../ui/filters";
import { useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";

type Notification = Schemas["Notification"];

interface Marked {
    ids: number[];
    read: boolean;
}

/// Marks at once, and back with the server's words when it refuses.
function useMarking() {
    const client = useQueryClient();
    const { format } = useHere();
    const { say, complain } = useToasts();
    const put = ({ ids, read }: Marked) =>
        client.setQueriesData<InfiniteData<Page<Notification>>>(
            { queryKey: ["notifications", "list"] },
            (list) =>
                list && {
                    ...list,
                    pages: list.pages.map((page) => ({
                        ...page,
                        rows: page.rows.map((row) => (ids.includes(row.id) ? { ...row, read } : row)),
                    })),
                },
        );
    const marking = useMutation({
        mutationFn: (marked: Marked) =>
            Promise.all(
                marked.ids.map((id) =>
                    bodyOf(
                        api.PATCH("/api/notifications/{id}", {
                            params: { path: { id } },
                            body: { read: marked.read },
                        }),
                    ),
                ),
            ),
        onMutate: async (marked) => {
            // What was asked for before would bring the old state back.
            await client.cancelQueries({ queryKey: ["notifications", "list"] });
            put(marked);
        },
        onError: (reason, { ids, read }) => {
            put({ ids, read: !read });
            complain(reason);
        },
        onSuccess: (_, { ids, read }) => {
            if (ids.length > 1 && read) {
                say(`${format.count(ids.length)} messages are marked as read.`, () =>
                    marking.mutate({ ids, read: false }),
                );
            }
        },
        onSettled: () => client.invalidateQueries({ queryKey: ["notifications"] }),
    });
    return marking;
}

function Message({
    message: { id, message, orderId, productId, read, createdAt },
    mark,
}: {
    message: Notification;
    mark: (marked: Marked) => void;
}) {
    const { format } = useHere();
    return (
        <li className={read ? "message" : "message unread"}>
            <div>
                <p>{message}</p>
                <p className="soft small">
                    {format.ago(createdAt)}
                    {orderId !== null && (
                        <>
                            {" · "}
                            <Link to={`/orders/${orderId}`}>Order #{orderId}</Link>
                        </>
                    )}
                    {productId !== null && (
                        <>
                            {" · "}
                            <Link to={`/products/${productId}`}>Product</Link>
                        </>
                    )}
                </p>
            </div>
            <button className="button plain" type="button" onClick={() => mark({ ids: [id], read: !read })}>
                {read ? "Mark unread" : "Mark read"}
            </button>
        </li>
    );
}

export default function Notifications() {
    useTitle("Inbox");
    const filters = useFilters();
    const unread = filters.get("unread") === "true";
    const marking = useMarking();
    const list = useList(["notifications", "list", { unread }], (paging, signal) =>
        api.GET("/api/notifications", {
            params: { query: { ...(unread && { unread }), sort: "-id", ...paging } },
            signal,
        }),
    );
    const messages = list.data?.pages.flatMap((page) => page.rows) ?? [];
    const open = messages.filter((message) => !message.read).map((message) => message.id);
    return (
        <div className="view narrow">
            <div className="view-head">
                <h1>Inbox</h1>
                <div className="filters">
                    <label className="check">
                        <input
                            type="checkbox"
                            checked={unread}
                            onChange={(event) => filters.set({ unread: event.target.checked ? "true" : "" })}
                        />
                        Unread only
                    </label>
                    <button
                        className="button"
                        type="button"
                        disabled={open.length === 0 || marking.isPending}
                        onClick={() => marking.mutate({ ids: open, read: true })}
                    >
                        Mark these as read
                    </button>
                </div>
            </div>
            <Feed
                label="Inbox"
                query={list}
                none={unread ? "Nothing is unread." : "Nobody has told you anything yet."}
            >
                {(message) => <Message key={message.id} message={message} mark={marking.mutate} />}
            </Feed>
        </div>
    );
}
