// All orders: searched, filtered, sorted.
import { Link } from "react-router";
import { api } from "../api/client";
import { useList } from "../api/lists";
import { statuses, useColleagues, type Order } from "../api/orders";
import type { paths } from "../api/schema";
import { useHere, type Format } from "../format";
import { ClearFilters, DayRange, FilterChip } from "../ui/filter_fields";
import { useFilters, useSearchText, type Filters } from "../ui/filters";
import { ListHead } from "../ui/head";
import { Rows, type Column } from "../ui/rows";
import { useTitle } from "../ui/states";
import { StatusBadge } from "../ui/status";

type Query = NonNullable<paths["/api/orders"]["get"]["parameters"]["query"]>;

function columnsFor(format: Format, nameOf: (id: number | null) => string): Column<Order>[] {
    return [
        { name: "Order", className: "wide w-id soft", sort: "id", cell: ({ id }) => `#${id}` },
        {
            name: "Customer",
            sort: "customerName",
            cell: ({ id, customerName }) => (
                <Link className="row-link" to={`/orders/${id}`}>
                    {customerName}
                </Link>
            ),
        },
        { name: "Status", className: "w-status", cell: ({ status }) => <StatusBadge status={status} /> },
        { name: "Assigned", className: "wide w-m soft", cell: ({ assignedTo }) => nameOf(assignedTo) },
        {
            name: "Created",
            className: "wide w-m soft",
            sort: "createdAt",
            cell: ({ createdAt }) => <span title={format.moment(createdAt)}>{format.ago(createdAt)}</span>,
        },
        { name: "Total", className: "number w-s", sort: "total", cell: ({ total }) => format.money(total) },
    ];
}

/// What the address asks for, as the API has it.
function queryOf(filters: Filters): Query {
    const query: Record<string, string> = { sort: filters.get("sort") || "-id" };
    for (const name of ["status", "search", "assignedTo", "productId", "from", "to"]) {
        if (filters.get(name)) query[name] = filters.get(name);
    }
    // The server says what is wrong with what somebody wrote into the address.
    return query;
}

function OrderFilters({ filters }: { filters: Filters }) {
    const [search, setSearch] = useSearchText(filters);
    const colleagues = useColleagues();
    return (
        <div className="filters" role="search">
            <div className="search">
                <input
                    className="input"
                    type="search"
                    placeholder="Customer"
                    aria-label="Search orders by customer"
                    value={search}
                    onChange={(event) => setSearch(event.target.value)}
                />
            </div>
            <select aria-label="Status" {...filters.field("status")}>
                <option value="">Every status</option>
                {statuses.map((status) => (
                    <option key={status}>{status}</option>
                ))}
            </select>
            <select aria-label="Assigned to" {...filters.field("assignedTo")}>
                <option value="">Assigned to anybody</option>
                {colleagues.data?.map(({ id, name }) => (
                    <option key={id} value={id}>
                        {name}
                    </option>
                ))}
            </select>
            <DayRange filters={filters} />
            <FilterChip filters={filters} name="productId" otherwise="orders of every product">
                Product #{filters.get("productId")}
            </FilterChip>
            <ClearFilters filters={filters} />
        </div>
    );
}

function NewOne() {
    return (
        <Link className="button primary" to="/orders/new">
            New order
        </Link>
    );
}

export default function Orders() {
    useTitle("Orders");
    const { format } = useHere();
    const filters = useFilters();
    const colleagues = useColleagues();
    const asked = queryOf(filters);
    const list = useList(["orders", asked], (paging, signal) =>
        api.GET("/api/orders", { params: { query: { ...asked, ...paging } }, signal }),
    );
    const nameOf = (id: number | null) => colleagues.data?.find((user) => user.id === id)?.name ?? "";
    return (
        <div className="view list">
            <ListHead title="Orders" total={list.data?.pages[0]?.total}>
                <NewOne />
            </ListHead>
            <OrderFilters filters={filters} />
            <Rows
                label="Orders"
                columns={columnsFor(format, nameOf)}
                query={list}
                keyOf={({ id }) => id}
                sort={asked.sort ?? ""}
                setSort={(next) => filters.set({ sort: next })}
                none={
                    filters.any ? (
                        <p>No order is like that.</p>
                    ) : (
                        <>
                            <p>There are no orders yet.</p>
                            <NewOne />
                        </>
                    )
                }
            />
        </div>
    );
}
