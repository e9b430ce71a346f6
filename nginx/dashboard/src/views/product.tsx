// A product: what is on hand, who holds it, what it is called and costs.
import { Link, useParams } from "react-router";
import type { Versioned } from "../api/client";
import { useProduct, type Product as ProductType } from "../api/products";
import { lineTotal } from "../decimal";
import { useHere } from "../format";
import { ItemHead } from "../ui/head";
import { OnRecord } from "../ui/on_record";
import { Loading, Single, useTitle } from "../ui/states";
import { ArchiveButton, RestoreButton } from "./product_archive";
import { ProductEditor } from "./product_editor";
import { AdjustButton } from "./product_adjust";
import { Ledger } from "./product_ledger";
import { Reservations, useReservations } from "./product_reservations";

function Stock({ product }: { product: ProductType }) {
    const { format } = useHere();
    return (
        <section className="card" aria-labelledby="stock">
            <div className="card-head">
                <h2 id="stock">Stock</h2>
                {!product.archived && <AdjustButton product={product} />}
            </div>
            <dl className="facts">
                <dt>On hand</dt>
                <dd>
                    <strong>{format.quantity(product.stock)}</strong>
                </dd>
                <dt>Reserved by open orders</dt>
                <dd>{format.quantity(product.reserved)}</dd>
                <dt>Available</dt>
                <dd>
                    <strong>{format.quantity(product.available)}</strong>
                </dd>
                <dt>Value on hand</dt>
                <dd>{format.money(lineTotal(product.stock, product.price))}</dd>
                <dt>Edited</dt>
                <dd>
                    <OnRecord entity="product" id={product.id}>
                        {format.ago(product.updatedAt)}
                    </OnRecord>
                </dd>
            </dl>
        </section>
    );
}

function Shown({ product: versioned }: { product: Versioned<ProductType> }) {
    const product = versioned.value;
    useTitle(product.name);
    return (
        <div className="view">
            <ItemHead
                list={{ to: "/products", name: "Products" }}
                title={product.name}
                state={
                    <>
                        {product.lowStock && <span className="badge warn">low stock</span>}
                        {product.archived && <span className="badge">archived</span>}
                    </>
                }
            >
                {product.archived ? (
                    <RestoreButton product={versioned} />
                ) : (
                    <ArchiveButton product={product} />
                )}
            </ItemHead>
            <div className="split side-first">
                <div className="stack">
                    <ProductEditor key={product.id} product={versioned} />
                    <Ledger product={product} />
                </div>
                <div className="stack">
                    <Stock product={product} />
                    <Reservations product={product} />
                </div>
            </div>
        </div>
    );
}

export default function Product() {
    const id = Number(useParams()["id"]);
    // They stand above the form on a phone, and would push it down.
    const { isPending } = useReservations(id);
    return (
        <Single query={useProduct(id)} list={<Link to="/products">All products</Link>}>
            {(product) => (isPending ? <Loading /> : <Shown product={product} />)}
        </Single>
    );
}
