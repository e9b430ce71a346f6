// What the shop's rules tell this user.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, bodyOf, type Schemas } from "../api/client";
import { useList } from "../api/lists";
import { useHere } from "../format";
import { useFilters } from "../ui/filters";
import { Empty, Failure, Loading, useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";

type Notification = Schemas["Notification"];

function useMarking() {
    const client = useQueryClient();
    const { complain } = useToasts();
    return useMutation({
        mutationFn: (marked: { ids: number[]; read: boolean }) =>
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
        onError: complain,
        onSettled: () => client.invalidateQueries({ queryKey: ["notifications"] }),
    });
}

function Message({
    message: { id, message, orderId, productId, read, createdAt },
    mark,
}: {
    message: Notification;
    mark: (marked: { ids: number[]; read: boolean }) => void;
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
    const list = useList(["notifications", { unread }], (paging, signal) =>
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
                    {open.length > 0 && (
                        <button
                            className="button"
                            type="button"
                            disabled={marking.isPending}
                            onClick={() => marking.mutate({ ids: open, read: true })}
                        >
                            Mark these as read
                        </button>
                    )}
                </div>
            </div>
            {list.isPending && <Loading />}
            {list.isError && <Failure reason={list.error} again={() => void list.refetch()} />}
            {list.data && messages.length === 0 && (
                <Empty>{unread ? "Nothing is unread." : "Nobody has told you anything yet."}</Empty>
            )}
            {messages.length > 0 && (
                <ul className="table-scroll">
                    {messages.map((message) => (
                        <Message key={message.id} message={message} mark={marking.mutate} />
                    ))}
                </ul>
            )}
            {list.hasNextPage && (
                <button className="button" type="button" onClick={() => void list.fetchNextPage()}>
                    Show more
                </button>
            )}
        </div>
    );
}
