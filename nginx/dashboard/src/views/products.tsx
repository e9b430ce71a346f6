// All products: searched, filtered, sorted, however many there are.
import { Link } from "react-router";
import { api } from "../api/client";
import { useList } from "../api/lists";
import type { Product } from "../api/products";
import type { paths } from "../api/schema";
import { useHere, type Format } from "../format";
import { FilterChip } from "../ui/filter_fields";
import { useFilters, useSearchText } from "../ui/filters";
import { ListHead } from "../ui/head";
import { Rows, type Column } from "../ui/rows";
import { useTitle } from "../ui/states";

type Query = NonNullable<paths["/api/products"]["get"]["parameters"]["query"]>;

function columnsFor(format: Format, byCategory: (category: string) => void): Column<Product>[] {
    return [
        {
            name: "Product",
            sort: "name",
            cell: ({ id, name }) => (
                <Link className="row-link" to={`/products/${id}`}>
                    {name}
                </Link>
            ),
        },
        { name: "SKU", className: "wide w-m soft", cell: ({ sku }) => sku },
        {
            name: "Category",
            className: "wide w-m",
            cell: ({ category }) =>
                category !== null && (
                    <button className="sort soft" type="button" onClick={() => byCategory(category)}>
                        {category}
                    </button>
                ),
        },
        { name: "Price", className: "number w-s", sort: "price", cell: ({ price }) => format.money(price) },
        {
            name: "On hand",
            className: "wide number w-m",
            sort: "stock",
            cell: ({ stock, lowStock }) => (
                <>
                    {lowStock && <span className="badge warn">low</span>} {format.quantity(stock)}
                </>
            ),
        },
        {
            name: "Available",
            className: "number w-s",
            sort: "available",
            cell: ({ available }) => format.quantity(available),
        },
    ];
}

/// One by one, or, by an administrator, many from a spreadsheet.
function NewOnes() {
    const { me } = useHere();
    return (
        <>
            {me.user.role === "admin" && (
                <Link className="button" to="/admin/import">
                    Import
                </Link>
            )}
            <Link className="button primary" to="/products/new">
                New product
            </Link>
        </>
    );
}

export default function Products() {
    useTitle("Products");
    const { format } = useHere();
    const filters = useFilters();
    const [search, setSearch] = useSearchText(filters);
    const [category, sort] = [filters.get("category"), filters.get("sort") || "name"];
    const flag = (name: string) => filters.get(name) === "true";
    const asked: Query = {
        ...(filters.get("search") && { search: filters.get("search") }),
        ...(category && { category }),
        ...(flag("lowStock") && { lowStock: true }),
        ...(flag("archived") && { archived: true }),
        sort: sort as NonNullable<Query["sort"]>,
    };
    const list = useList(["products", asked], (paging, signal) =>
        api.GET("/api/products", { params: { query: { ...asked, ...paging } }, signal }),
    );
    return (
        <div className="view list">
            <ListHead title="Products" total={list.data?.pages[0]?.total}>
                <NewOnes />
            </ListHead>
            <div className="filters" role="search">
                <div className="search">
                    <input
                        className="input"
                        type="search"
                        placeholder="Name or SKU"
                        aria-label="Search products"
                        value={search}
                        onChange={(event) => setSearch(event.target.value)}
                    />
                </div>
                {(["lowStock", "archived"] as const).map((name) => (
                    <label className="check" key={name}>
                        <input
                            type="checkbox"
                            checked={flag(name)}
                            onChange={(event) => filters.set({ [name]: event.target.checked ? "true" : "" })}
                        />
                        {name === "lowStock" ? "Low stock" : "Archived"}
                    </label>
                ))}
                <FilterChip filters={filters} name="category" otherwise="every category">
                    {category}
                </FilterChip>
            </div>
            <Rows
                label="Products"
                columns={columnsFor(format, (name) => filters.set({ category: name }))}
                query={list}
                keyOf={({ id }) => id}
                sort={sort}
                setSort={(next) => filters.set({ sort: next })}
                none={
                    filters.any ? (
                        <>
                            <p>No product is like that.</p>
                            <button className="button" type="button" onClick={filters.clear}>
                                Show all
                            </button>
                        </>
                    ) : (
                        <>
                            <p>There are no products yet.</p>
                            <div className="actions">
                                <NewOnes />
                            </div>
                        </>
                    )
                }
            />
        </div>
    );
}
