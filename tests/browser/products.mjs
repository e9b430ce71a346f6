import assert from "node:assert/strict";
import { bound } from "./visitor.mjs";

export async function a_conflict_between_two_browsers_is_a_choice({ shop, arrive }) {
    const { id } = await shop.product({ name: "Contested tea", price: 3 });
    const visitors = [await arrive(), await arrive()];
    visitors[1].expected = /412/;
    const [first, second] = visitors.map(bound);
    for (const one of [first, second]) {
        await one.logIn();
        await one.open(`/products/${id}`);
        await one.see("Contested tea");
    }
    await first.field("Price").fill("4.50");
    await first.button("Save").click();
    await first.read("Saved.");
    await second.field("Price").fill("3.25");
    await second.field("Category").fill("Tea");
    await second.button("Save").click();
    const choice = second.page.getByRole("dialog", { name: /Somebody else/ });
    await choice.getByRole("row", { name: "Price 4.50 3.25" }).waitFor();
    await choice.getByRole("button", { name: "Save mine" }).click();
    await second.read("Saved.");
    const { price, category } = await shop.ask("GET", `/api/products/${id}`);
    assert.deepEqual({ price, category }, { price: 3.25, category: "Tea" });
}

export async function only_what_was_changed_is_sent_and_a_sale_in_between_is_no_conflict({ shop, arrive }) {
    const { id } = await shop.product({ name: "Busy tea" });
    const { page, field, button, see, read, open, logIn } = bound(await arrive());
    await logIn();
    await open(`/products/${id}`);
    await see("Busy tea");
    await field("Description").fill("Loose leaf");
    await shop.order({ items: [{ productId: id, quantity: 1 }] });
    // The browser doesn't tell what a streamed body holds.
    await page.evaluate(() => {
        const send = window.fetch;
        window.fetch = async (request) => {
            if (request.method === "PATCH") window.patched = await request.clone().json();
            return send(request);
        };
    });
    const [sent] = await Promise.all([
        page.waitForRequest((request) => request.method() === "PATCH"),
        button("Save").click(),
    ]);
    assert.deepEqual(await page.evaluate("window.patched"), { description: "Loose leaf" });
    assert.match((await sent.allHeaders())["if-match"], /^(?:W\/)?"\d+\.\d+"$/);
    await read("Saved.");
}

export async function a_save_is_shown_at_once_and_taken_back_in_the_servers_words({ shop, arrive }) {
    await shop.product({ name: "Owner of it", sku: "HELD-1" });
    const { id } = await shop.product({ name: "Early tea" });
    const visitor = await arrive();
    visitor.expected = /400/;
    const { page, field, button, see, read, open, hold, logIn } = bound(visitor);
    await logIn();
    await open(`/products/${id}`);
    await see("Early tea");
    const answer = await hold(`**/api/products/${id}`, "PATCH");
    await field("Name").fill("Late tea");
    await field("SKU").fill("HELD-1");
    await button("Save").click();
    await see("Late tea");
    assert.equal(await button("Save").count(), 0);
    answer();
    await see("Early tea");
    const said = await page.locator('[aria-invalid="true"]').getAttribute("aria-describedby");
    assert.match(await page.locator(`[id="${said}"]`).textContent(), /product/);
    assert.equal(await field("Name").inputValue(), "Late tea", "nothing typed is lost");
    await page.unroute(`**/api/products/${id}`);
    const again = await hold(`**/api/products/${id}`, "PATCH");
    await field("SKU").fill("HELD-2");
    await button("Save").click();
    await field("Category").fill("Typed meanwhile");
    again();
    await read("Saved.");
    await read("Not saved: Category");
    await button("Save").click();
    await page.getByText("Not saved").waitFor({ state: "detached" });
    await page.waitForFunction(() => document.querySelectorAll(".toast").length === 2);
    const { name, sku, category } = await shop.ask("GET", `/api/products/${id}`);
    assert.deepEqual([name, sku, category], ["Late tea", "HELD-2", "Typed meanwhile"]);
}

export async function what_is_wrong_stands_at_its_field_in_the_servers_words({ shop, arrive }) {
    await shop.product({ name: "First tea", sku: "TAKEN-1" });
    const visitor = await arrive();
    const { page, field, button, see, open, logIn } = bound(visitor);
    visitor.expected = /400/;
    await logIn();
    await open("/products/new");
    await field("Name").fill("Second tea");
    await field("SKU").fill("TAKEN-1");
    await field("Price").fill("12,5");
    await button("Create product").click();
    const said = await page.locator('[aria-invalid="true"]').getAttribute("aria-describedby");
    assert.match(await page.locator(`[id="${said}"]`).textContent(), /product/);
    await field("SKU").fill("FREE-1");
    await button("Create product").click();
    await see("Second tea");
    assert.equal((await shop.ask("GET", "/api/products?search=FREE-1"))[0].price, 12.5);
}

export async function stock_is_adjusted_with_a_reason_and_back({ shop, arrive }) {
    const { id } = await shop.product({ name: "Moving tea", stock: 8 });
    const { field, button, read, open, logIn } = bound(await arrive());
    await logIn();
    await open(`/products/${id}`);
    await button("Adjust").click();
    await button("Out").click();
    await field("Quantity").fill("0.5");
    await read("8 → 7.5 on hand");
    await field("Reason").fill("A torn bag");
    await button("Adjust stock").click();
    await read("Moving tea: 7.5 on hand.");
    await button("Undo").click();
    await read("The adjustment was undone.");
    const movements = await shop.ask("GET", `/api/products/${id}/movements`);
    assert.deepEqual(
        movements.slice(1).map(({ delta, reason }) => [delta, reason]),
        [
            [-0.5, "A torn bag"],
            [0.5, "Undone: A torn bag"],
        ],
    );
}

export async function goods_are_booked_once_even_where_the_answer_is_lost({ shop, arrive }) {
    const { id } = await shop.product({ name: "Lost answer tea", stock: 8 });
    const visitor = await arrive();
    visitor.expected = /ERR_FAILED/;
    const { page, field, button, see, read, open, logIn } = bound(visitor);
    await logIn();
    await open(`/products/${id}`);
    await button("Adjust").click();
    await field("Quantity").fill("3");
    await field("Reason").fill("Delivery");
    await page.reload();
    await see("Lost answer tea");
    await button("Adjust").click();
    assert.equal(await field("Quantity").inputValue(), "3");
    await page.route(
        "**/adjustments",
        async (route) => {
            await route.fetch();
            await route.abort();
        },
        { times: 1 },
    );
    await button("Adjust stock").click();
    await read("The shop can't be reached.");
    await button("Adjust stock").click();
    await read("Lost answer tea: 11 on hand.");
    assert.equal((await shop.ask("GET", `/api/products/${id}/movements`)).length, 2);
}

export async function an_archived_product_comes_back({ shop, arrive }) {
    const { id } = await shop.product({ name: "Seasonal tea" });
    const order = await shop.order({ items: [{ productId: id, quantity: 1 }] });
    await shop.ask("PATCH", `/api/orders/${order.id}`, { status: "Completed" });
    const { page, button, read, open, logIn } = bound(await arrive());
    await logIn();
    await open(`/products/${id}`);
    await button("Archive").click();
    await page.getByRole("dialog").getByRole("button", { name: "Archive" }).click();
    await read("Seasonal tea was archived.");
    await button("Bring back").click();
    await read("Seasonal tea is back.");
    assert.equal((await shop.ask("GET", `/api/products/${id}`)).archived, false);
}

export async function filters_live_in_the_address({ shop, arrive }) {
    await shop.product({ name: "Filter low", stock: 1, minStock: 5, category: "Filtered" });
    await shop.product({ name: "Filter high", stock: 9, minStock: 5, category: "Filtered" });
    const { page, open, read, logIn } = bound(await arrive());
    await logIn();
    await open("/products?category=Filtered&lowStock=true");
    await read("Filter low");
    assert.equal(await page.getByText("Filter high").count(), 0);
    await page.getByLabel("Low stock").click();
    await read("Filter high");
    await page.getByRole("searchbox").fill("filter lo");
    await page.waitForURL(/#\/products\?category=Filtered&search=filter\+lo$/);
    await page.getByText("Filter high").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Price" }).click();
    await page.waitForURL(/sort=price$/);
}

export const slow = {
    async a_hundred_thousand_products_are_scrolled_without_a_stutter({ shop, arrive }) {
        const rows = Array.from(
            { length: 100_000 },
            (_, index) => `Bulk ${String(index).padStart(6, "0")},1,0,1.50`,
        );
        const csv = ["name,stock,minStock,price", ...rows].join("\n");
        await shop.ask("POST", "/api/admin/backup?action=import-products-csv", csv, "text/csv");
        const { page, open, read, logIn } = bound(await arrive());
        await logIn();
        await open("/products?search=Bulk");
        await read("Bulk 000000");
        const region = page.getByRole("region", { name: "Products" });
        // Pages come as one goes on, and only what is in sight is in the document.
        for (let seen = 0; seen < 3000;) {
            await region.evaluate((element) => element.scrollTo(0, element.scrollHeight));
            await page.waitForFunction(
                ([before]) => {
                    const last = [...document.querySelectorAll("tr.row")].at(-1);
                    return Number(last?.getAttribute("aria-rowindex")) > before;
                },
                [seen],
            );
            seen = Number(await page.locator("tr.row").last().getAttribute("aria-rowindex"));
        }
        assert.ok((await page.locator("tr.row").count()) < 80);
        assert.equal(await page.getByRole("table").getAttribute("aria-rowcount"), "100001");
        await page.getByRole("searchbox").fill("Bulk 099999");
        await read("Bulk 099999");
    },
};
