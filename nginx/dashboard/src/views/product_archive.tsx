// Takes a product out of the shop, and back.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { ApiError, api, bodyOf, type Versioned } from "../api/client";
import { changeProduct, readProduct, useProductsChanged, type Product } from "../api/products";
import { AskedButton } from "../ui/asked";
import { useToasts } from "../ui/toasts";

/// Archives it; one that was never ordered is deleted, as the server decides.
export function ArchiveButton({ product }: { product: Product }) {
    const client = useQueryClient();
    const changed = useProductsChanged();
    const navigate = useNavigate();
    const { say } = useToasts();
    const { id, name } = product;
    const showOutcome = async () => {
        await changed();
        try {
            client.setQueryData(["product", id], await readProduct(id));
            say(`${name} was archived.`);
        } catch (reason) {
            if (!(reason instanceof ApiError && reason.status === 404)) throw reason;
            say(`${name} was deleted.`);
            void navigate("/products", { replace: true });
        }
    };
    return (
        <AskedButton
            name="Archive"
            title={`Archive ${name}?`}
            verb="Archive"
            does={() => bodyOf(api.DELETE("/api/products/{id}", { params: { path: { id } } }))}
            done={showOutcome}
        >
            <p>
                It leaves the lists and can’t be ordered any more. Orders that name it keep it, and you can
                bring it back. If no order ever named it, it is deleted for good.
            </p>
        </AskedButton>
    );
}

/// Brings an archived one back.
export function RestoreButton({ product }: { product: Versioned<Product> }) {
    const client = useQueryClient();
    const changed = useProductsChanged();
    const { say, complain } = useToasts();
    const { id, name } = product.value;
    const restore = useMutation({
        mutationFn: () => changeProduct(id, product.etag, { archived: false }),
        onError: (reason) => {
            complain(reason);
            void changed(id); // somebody else may have been faster
        },
        onSuccess: (restored) => {
            client.setQueryData(["product", id], restored);
            void changed(id);
            say(`${name} is back.`);
        },
    });
    return (
        <button
            className="button primary"
            type="button"
            disabled={restore.isPending}
            onClick={() => restore.mutate()}
        >
            Bring back
        </button>
    );
}
