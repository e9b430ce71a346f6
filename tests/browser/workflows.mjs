import assert from "node:assert/strict";
import { bound } from "./visitor.mjs";

/** A rule that reaches nobody's other tests: about a customer who comes only here. */
function rule(shop, fields) {
    return shop.ask("POST", "/api/workflows", {
        name: "Greeting",
        trigger: "New Order",
        action: "Send Notification",
        conditions: [{ field: "order.customerName", operator: "=", value: "Nobody at all" }],
        ...fields,
    });
}

const remove = (shop, id) => shop.ask("DELETE", `/api/workflows/${id}`);

export async function a_rule_is_built_as_a_sentence_and_previewed_before_it_is_saved({ shop, arrive }) {
    const { id: productId } = await shop.product({ name: "Previewed tea", price: 5 });
    const large = await shop.order({ customerName: "Preview", items: [{ productId, quantity: 2 }] });
    const small = await shop.order({ customerName: "Preview", items: [{ productId, quantity: 1 }] });
    const { page, button, field, see, read, open, logIn } = bound(await arrive());
    await logIn();
    await open("/workflows");
    await page.getByRole("link", { name: "New rule" }).click();
    await see("New rule");
    await button("Only if…").click();
    const [first, second] = [1, 2].map((n) => page.getByRole("group", { name: `Condition ${n}` }));
    await first.getByLabel("Value").fill("7.50");
    await button("And if…").click();
    await second.getByLabel("Field").selectOption("order.customerName");
    await second.getByLabel("Value").fill("Preview");
    await field("Insert into the message").selectOption("order.customerName");
    assert.equal(await field("Message").inputValue(), "{{order.customerName}}");
    await button("Preview").click();
    await read(/In the last 30 days it would have acted once, and not acted/);
    await page.getByRole("link", { name: `Order #${large.id}` }).waitFor();
    await page.getByRole("button", { name: /Not acted/ }).click();
    await page.getByRole("link", { name: `Order #${small.id}` }).waitFor();
    await read("order.total >= 7.5 does not hold: it is 5.00.");
    await field("Name").fill("Tell of Preview");
    await read("The rule has changed since.");
    const before = await shop.ask("GET", "/api/workflows");
    await button("Create rule").click();
    await see("Tell of Preview");
    const [made] = (await shop.ask("GET", "/api/workflows")).slice(before.length);
    assert.deepEqual(
        [made.trigger, made.action, made.conditions, made.config],
        [
            "New Order",
            "Send Notification",
            [
                { field: "order.total", value: 7.5, operator: ">=" },
                { field: "order.customerName", value: "Preview", operator: "=" },
            ],
            { channels: ["in-app"], message: "{{order.customerName}}" },
        ],
    );
    await button("Delete").click();
    await button("Delete rule").click();
    await read("Tell of Preview was deleted.");
    assert.equal((await shop.ask("GET", "/api/workflows")).length, before.length);
}

export async function low_stock_becomes_a_notification_by_a_rule({ shop, arrive }) {
    const product = await shop.product({ name: "Vanishing tea", stock: 5, minStock: 4 });
    const { page, button, field, see, read, open, logIn } = bound(await arrive());
    await logIn();
    await open("/workflows/new");
    await field("Trigger").selectOption("Low Stock");
    await button("Only if…").click();
    await field("Field").selectOption("product.name");
    await field("Value").fill("Vanishing tea");
    await field("Message").fill("Buy {{product.name}}: {{product.stock}} left");
    await button("Create rule").click();
    await see("Low Stock → Send Notification");
    await shop.order({ items: [{ productId: product.id, quantity: 2 }] });
    await page.getByRole("link", { name: /Inbox/ }).click();
    await read("Buy Vanishing tea: 3 left");
    await open(`/workflows/runs?productId=${product.id}`);
    await read(/Told \d+ users\./);
    await page.getByRole("link", { name: `Product #${product.id}` }).waitFor();
    await field("Outcome").selectOption("failed");
    await page.waitForURL(/outcome=failed/);
    await read("No run is like that.");
    const rules = await shop.ask("GET", "/api/workflows");
    await remove(shop, rules.at(-1).id);
}

export async function messages_are_marked_at_once_and_back({ shop, arrive }) {
    const password = "a calm violet heron";
    await shop.ask("POST", "/api/users", { username: "ida", name: "Ida", role: "staff", password });
    const { id: productId } = await shop.product({ name: "Talked of tea" });
    const { id } = await rule(shop, { name: "Tell", conditions: [] });
    for (const quantity of [1, 2]) await shop.order({ items: [{ productId, quantity }] });
    await remove(shop, id);
    const visitor = await arrive();
    visitor.expected = /503/;
    const { page, button, read, open, hold, logIn } = bound(visitor);
    await logIn("ida", password);
    await open("/notifications");
    await button("Mark read").nth(1).waitFor();
    const count = await button("Mark read").count(); // rules of other tests may speak too
    const badge = (unread) => page.getByRole("link", { name: new RegExp(`^Inbox ?${unread} unread$`) });
    await badge(count).waitFor();
    const answer = await hold("**/api/notifications/*", "PATCH");
    await button("Mark read").first().click();
    await button("Mark unread").waitFor();
    assert.equal(await button("Mark read").count(), count - 1);
    answer();
    await badge(count - 1).waitFor();
    await button("Mark unread").click();
    await badge(count).waitFor();
    await button("Mark these as read").click();
    await read(`${count} messages are marked as read.`);
    await button("Undo").click();
    await badge(count).waitFor();
    await page.route("**/api/notifications/*", (route) =>
        route.fulfill({
            status: 503,
            json: { error: "The shop is busy.", code: "DATABASE_ERROR", details: {} },
        }),
    );
    await button("Mark read").first().click();
    await read("The shop is busy.");
    assert.equal(await button("Mark read").count(), count);
}

export async function a_switch_moves_at_once_and_back_in_the_servers_words({ shop, arrive }) {
    const password = "a calm violet heron";
    await shop.ask("POST", "/api/users", { username: "wes", name: "Wes", role: "staff", password });
    const own = await rule(shop, { name: "In the house" });
    const abroad = await rule(shop, {
        name: "Out of the house",
        config: { channels: ["webhook"], url: "https://example.org/" },
    });
    const visitor = await arrive();
    visitor.expected = /403/;
    const { page, open, read, hold, logIn } = bound(visitor);
    await logIn("wes", password);
    await open("/workflows");
    const switchOf = (name) => page.getByRole("switch", { name: `${name}: enabled` });
    await switchOf("In the house").click();
    await page.waitForFunction(() => document.querySelectorAll(".rule.off").length === 1);
    await page.reload();
    assert.equal(await switchOf("In the house").isChecked(), false);
    assert.equal((await shop.ask("GET", `/api/workflows/${own.id}`)).enabled, false);
    const answer = await hold(`**/api/workflows/${abroad.id}`, "PATCH");
    await switchOf("Out of the house").click();
    assert.equal(await switchOf("Out of the house").isChecked(), false);
    answer();
    await read("Only administrators may");
    assert.equal(await switchOf("Out of the house").isChecked(), true);
    assert.equal((await shop.ask("GET", `/api/workflows/${abroad.id}`)).enabled, true);
    for (const { id } of [own, abroad]) await remove(shop, id);
}

export async function what_is_wrong_with_a_rule_stands_at_its_control_and_nothing_is_lost({ shop, arrive }) {
    const visitor = await arrive();
    visitor.expected = /400/;
    const { page, button, field, see, read, open, logIn } = bound(visitor);
    await logIn();
    await open("/workflows/new");
    const reasonAt = async (control) => {
        const said = await control.getAttribute("aria-describedby");
        return page.locator(`[id="${said}"]`).textContent();
    };
    await button("Only if…").click();
    await button("Create rule").click();
    assert.equal(await reasonAt(field("Value")), "is required");
    await field("Value").fill("many");
    await button("Create rule").click();
    assert.equal(await reasonAt(field("Value")), "can't be read as a number");
    await field("Value").fill("10");
    await field("e-mail").check();
    await field("E-mail addresses").fill("nobody");
    await field("Message").fill("{{product.name}}");
    await button("Create rule").click();
    await read("The request is not valid.");
    assert.equal(await reasonAt(field("E-mail addresses")), "has what is no e-mail address");
    assert.match(await reasonAt(field("Message")), /^has unknown placeholders: \{\{product\.name\}\}/);
    await page.reload();
    await see("New rule");
    assert.equal(await field("E-mail addresses").inputValue(), "nobody");
    assert.equal(await field("Value").inputValue(), "10");
    // Conditions of another trigger wait for its return.
    await field("Trigger").selectOption("Low Stock");
    assert.equal(await field("Value").count(), 0);
    await field("Trigger").selectOption("Order Completed");
    assert.equal(await field("Value").inputValue(), "10");
    await page.getByRole("link", { name: "Discard" }).click();
    await see("Workflows");
    await open("/workflows/new");
    assert.equal(await field("Value").count(), 0);
}

export async function two_who_change_a_rule_choose_whose_words_count({ shop, arrive }) {
    const { id } = await rule(shop, { name: "Contested rule" });
    const visitor = await arrive();
    const { page, button, field, see, read, open, logIn } = bound(visitor);
    visitor.expected = /412/;
    await logIn();
    await open(`/workflows/${id}`);
    await see("Contested rule");
    await shop.ask("PATCH", `/api/workflows/${id}`, { name: "Settled rule" });
    await field("Trigger").selectOption("Order Completed");
    await button("Save").click();
    const choice = page.getByRole("dialog", { name: /Somebody else/ });
    await choice.getByRole("row", { name: "Name Settled rule not changed" }).waitFor();
    await choice.getByRole("row", { name: "When an order comes in an order is completed" }).waitFor();
    await choice.getByRole("button", { name: "Save mine" }).click();
    await read("Saved.");
    const { name, trigger } = await shop.ask("GET", `/api/workflows/${id}`);
    assert.deepEqual({ name, trigger }, { name: "Settled rule", trigger: "Order Completed" });
    await remove(shop, id);
}

export async function a_rule_that_somebody_changed_is_deleted_only_after_another_look({ shop, arrive }) {
    const { id } = await rule(shop, { name: "Doomed rule" });
    const visitor = await arrive();
    visitor.expected = /412/;
    const { page, button, see, read, open, logIn } = bound(visitor);
    await logIn();
    await open(`/workflows/${id}`);
    await see("Doomed rule");
    await shop.ask("PATCH", `/api/workflows/${id}`, { name: "Needed rule" });
    await button("Delete").click();
    await button("Delete rule").click();
    const asked = page.getByRole("dialog", { name: "Delete Needed rule?" });
    await asked.getByRole("alert").waitFor();
    assert.equal((await shop.ask("GET", `/api/workflows/${id}`)).name, "Needed rule");
    await asked.getByRole("button", { name: "Delete rule" }).click();
    await read("Needed rule was deleted.");
    await assert.rejects(shop.ask("GET", `/api/workflows/${id}`), /404/);
}

export async function a_webhook_that_fails_is_seen_and_sent_again({ shop, arrive }) {
    const { id: productId } = await shop.product({ name: "Announced tea" });
    const { id } = await rule(shop, {
        name: "Announce",
        conditions: [{ field: "order.customerName", operator: "=", value: "Hook" }],
        // Nothing may be called on this machine, so it can't arrive.
        config: { channels: ["webhook"], url: "http://127.0.0.1:9/hook" },
    });
    await shop.order({ customerName: "Hook", items: [{ productId, quantity: 1 }] });
    const { page, read, open, logIn } = bound(await arrive());
    await logIn();
    await open(`/workflows/runs?ruleId=${id}`);
    await page.getByRole("listitem").getByRole("link", { name: "Deliveries" }).click();
    await page.waitForURL(/deliveries\?runId=\d+$/);
    await read("http://127.0.0.1:9/hook");
    await page.getByRole("button", { name: /^Send again/ }).click();
    await read("It goes out to http://127.0.0.1:9/hook again.");
    await page.getByLabel("State").selectOption("delivered");
    await read("No mail or webhook is like that.");
    await remove(shop, id);
}
