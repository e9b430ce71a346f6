import { Link } from "react-router";

/// The order or the product that something is about.
export function About({ orderId, productId }: { orderId: number | null; productId: number | null }) {
    if (orderId !== null) return <Link to={`/orders/${orderId}`}>Order #{orderId}</Link>;
    if (productId !== null) return <Link to={`/products/${productId}`}>Product #{productId}</Link>;
    return null;
}
