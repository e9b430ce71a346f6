import assert from "node:assert/strict";
import { bound } from "./visitor.mjs";

/// What was found for the first letters stands there until the answer for all of them is in, and moves away
/// from under a click.
async function onlyOption(page, name) {
    await page.waitForFunction(() => document.querySelectorAll("[role=option]").length === 1);
    return page.getByRole("option", { name });
}

export async function from_login_to_a_first_order_in_eight_interactions({ shop, arrive }) {
    await shop.product({ name: "Darjeeling", sku: "DAR-1", price: 34.9, stock: 10.5 });
    const { page, button, field, see, open } = bound(await arrive());
    await open("/");
    let interactions = 0;
    const does = async (what) => {
        await what();
        interactions += 1;
    };
    await does(() => field("User name").fill("admin"));
    await does(() => field("Password").fill(shop.password));
    await does(() => page.keyboard.press("Enter"));
    await does(() => page.getByRole("link", { name: "New order" }).click());
    await does(() => field("Customer").fill("Ada Almeida"));
    await does(() => page.getByRole("combobox", { name: "Add a product" }).pressSequentially("darj"));
    const tea = await onlyOption(page, /Darjeeling.*10.5 available.*€34.90/);
    await does(() => tea.click());
    await does(() => button("Create order").click());
    await see(/^Order #\d+$/);
    assert.ok(interactions <= 8, `${interactions}`);
    const [order] = await shop.ask("GET", "/api/orders?search=Ada%20Almeida");
    assert.deepEqual([order.total, order.items[0].quantity], [34.9, 1]);
}

export async function a_new_order_by_the_keyboard_alone({ shop, arrive }) {
    await shop.product({ name: "Keyboard tea" });
    const { page, see, open, logIn } = bound(await arrive());
    await logIn();
    await open("/");
    await see("Overview");
    const tabTo = async (name) => {
        for (let presses = 0; presses < 40; presses += 1) {
            const focused = page.locator(":focus");
            const label = await focused.evaluate(
                (element) => element.labels?.[0]?.textContent ?? element.textContent,
            );
            if (label.trim() === name) return;
            await page.keyboard.press("Tab");
        }
        assert.fail(`${name} can't be reached`);
    };
    await page.keyboard.press("Tab");
    await tabTo("New order");
    await page.keyboard.press("Enter");
    await see("New order");
    await page.keyboard.press("Tab");
    await tabTo("Customer");
    await page.keyboard.type("Kay");
    await tabTo("Add a product");
    await page.keyboard.type("Keyboard");
    await (await onlyOption(page, /Keyboard tea/)).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByText("Keyboard tea").first().waitFor();
    await tabTo("Create order");
    await page.keyboard.press("Enter");
    await see(/^Order #\d+$/);
    assert.equal((await shop.ask("GET", "/api/orders?search=Kay")).length, 1);
}

export async function insufficient_stock_is_explained_at_the_line_and_nothing_typed_is_lost({
    shop,
    arrive,
}) {
    await shop.product({ name: "Scarce tea", stock: 5 });
    const visitor = await arrive();
    const { page, button, field, see, read, open, logIn } = bound(visitor);
    visitor.expected = /409/;
    await logIn();
    await open("/orders/new");
    await field("Customer").fill("Bea");
    await page.getByRole("combobox", { name: "Add a product" }).pressSequentially("Scarce");
    await (await onlyOption(page, /Scarce tea/)).click();
    await field("Quantity of Scarce tea").fill("6");
    await button("Create order").click();
    await read("There is not enough stock.");
    const said = await field("Quantity of Scarce tea").getAttribute("aria-describedby");
    assert.equal(await page.locator(`[id="${said}"]`).textContent(), "asked 6, available 5");
    await page.reload();
    assert.equal(await field("Customer").inputValue(), "Bea");
    await field("Quantity of Scarce tea").fill("5");
    await button("Create order").click();
    await see(/^Order #\d+$/);
}

export async function completing_is_asked_first_for_it_is_final({ shop, arrive }) {
    const { id: productId } = await shop.product({ name: "Final tea" });
    const { id } = await shop.order({ items: [{ productId, quantity: 2 }] });
    const { page, button, read, open, logIn } = bound(await arrive());
    await logIn();
    await open(`/orders/${id}`);
    await button("Start processing").click();
    await read(`Order #${id} is processing.`);
    await button("Undo").click();
    await read(`Order #${id} is pending.`);
    await button("Complete").click();
    await page.keyboard.press("Escape");
    assert.equal((await shop.ask("GET", `/api/orders/${id}`)).status, "Pending");
    await button("Complete").click();
    await button("Complete order").click();
    await read(`Order #${id} is completed.`);
    await button("Edit notes").waitFor();
    assert.equal(await button("Delete").count(), 0);
    assert.equal((await shop.ask("GET", `/api/orders/${id}`)).status, "Completed");
}

export async function a_move_that_somebody_overtook_is_a_choice({ shop, arrive }) {
    const { id: productId } = await shop.product({ name: "Overtaken tea" });
    const { id } = await shop.order({ items: [{ productId, quantity: 1 }] });
    const visitor = await arrive();
    visitor.expected = /412/;
    const { page, button, see, read, open, logIn } = bound(visitor);
    await logIn();
    await open(`/orders/${id}`);
    await see(`Order #${id}`);
    await shop.ask("PATCH", `/api/orders/${id}`, { notes: "Wait for the second parcel." });
    await button("Start processing").click();
    const choice = page.getByRole("dialog", { name: /Somebody else/ });
    await choice.getByRole("row", { name: "Status Pending Processing" }).waitFor();
    await choice.getByRole("row", { name: "Notes Wait for the second parcel. not changed" }).waitFor();
    await choice.getByRole("button", { name: "Take theirs" }).click();
    await page.getByRole("paragraph").filter({ hasText: "Wait for the second parcel." }).waitFor();
    assert.equal((await shop.ask("GET", `/api/orders/${id}`)).status, "Pending");
    await shop.ask("PATCH", `/api/orders/${id}`, { notes: null });
    await button("Start processing").click();
    await choice.getByRole("button", { name: "Save mine" }).click();
    await read(`Order #${id} is processing.`);
    assert.equal((await shop.ask("GET", `/api/orders/${id}`)).status, "Processing");
}

export async function what_was_discarded_comes_back({ arrive }) {
    const { page, button, field, see, read, open, logIn } = bound(await arrive());
    await logIn();
    await open("/orders/new");
    await field("Customer").fill("Dora");
    await page.getByRole("link", { name: "Discard" }).click();
    await see("Orders");
    await read("What you had typed was discarded.");
    await button("Undo").click();
    await see("New order");
    assert.equal(await field("Customer").inputValue(), "Dora");
}

export async function an_order_is_printed_dark_on_white_and_without_the_frame({ shop, arrive }) {
    const { id: productId } = await shop.product({ name: "Printed tea", price: 4 });
    const { id } = await shop.order({ items: [{ productId, quantity: 2 }], notes: "Ring twice." });
    const { page, see, open, logIn } = bound(await arrive({ colorScheme: "dark" }));
    await logIn();
    await open(`/orders/${id}`);
    await see(`Order #${id}`);
    await page.getByRole("link", { name: "Printed tea" }).waitFor();
    await page.evaluate(() => document.documentElement.setAttribute("data-theme", "dark"));
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 718, height: 1000 }); // what a page of A4 has
    for (const gone of ["Views", "Edit", "Complete"]) {
        assert.equal(await page.getByText(gone, { exact: true }).filter({ visible: true }).count(), 0, gone);
    }
    for (const there of ["Ada", "€4.00", "€8.00", "Ring twice.", "SmartFlow shop"]) {
        await page.getByText(there).filter({ visible: true }).first().waitFor();
    }
    const ink = await page.evaluate(() => getComputedStyle(document.querySelector("h1")).color);
    const [red] = /\d+/.exec(ink);
    assert.ok(Number(red) < 80, `${ink} on white paper`);
}
