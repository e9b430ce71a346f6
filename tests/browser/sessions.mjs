import assert from "node:assert/strict";
import { bound } from "./visitor.mjs";

export async function a_wrong_password_is_said_in_the_servers_words({ arrive }) {
    const visitor = await arrive();
    const { field, button, read, open } = bound(visitor);
    visitor.expected = /401/;
    await open("/");
    await field("User name").fill("admin");
    await field("Password").fill("not the password");
    await button("Log in").click();
    await read("The user name or the password is wrong.");
}

export async function an_ended_session_loses_no_input_and_what_was_sent_goes_on({ shop, arrive }) {
    const visitor = await arrive();
    const { page, field, button, see, open, logIn } = bound(visitor);
    visitor.expected = /401/;
    await logIn();
    await open("/products/new");
    await field("Name").fill("Patient tea");
    await field("Price").fill("2");
    await shop.endSessions();
    await button("Create product").click();
    const again = page.getByRole("dialog", { name: "Log in again" });
    await again.waitFor();
    assert.equal(await again.getByLabel("User name").inputValue(), "admin");
    await again.getByLabel("Password").fill(shop.password);
    await again.getByRole("button", { name: "Log in" }).click();
    await see("Patient tea");
    assert.equal((await shop.ask("GET", "/api/products?search=Patient")).length, 1);
}

export async function an_ended_session_keeps_dialogs_and_edits_too({ shop, arrive }) {
    const { id: productId } = await shop.product({ name: "Dialog tea", stock: 6 });
    const order = await shop.order({ items: [{ productId, quantity: 1 }] });
    const visitor = await arrive();
    visitor.expected = /401/;
    const { page, field, button, see, read, open, logIn } = bound(visitor);
    const logInAgain = async () => {
        const again = page.getByRole("dialog", { name: "Log in again" });
        await again.getByLabel("Password").fill(shop.password);
        await again.getByRole("button", { name: "Log in" }).click();
    };
    await logIn();
    await open(`/products/${productId}`);
    await button("Adjust").click();
    await field("Quantity").fill("4");
    await field("Reason").fill("Delivery");
    await shop.endSessions();
    await button("Adjust stock").click();
    await logInAgain();
    await read("Dialog tea: 9 on hand."); // the order took one
    await open(`/orders/${order.id}?edit=true`);
    await field("Customer").fill("Ada the second");
    await shop.endSessions();
    await button("Save").click();
    await logInAgain();
    await read("Saved.");
    await see(`Order #${order.id}`);
    assert.equal((await shop.ask("GET", `/api/orders/${order.id}`)).customerName, "Ada the second");
}

export async function another_session_is_ended_after_a_question({ shop, arrive }) {
    const [here, there] = [bound(await arrive()), await arrive()];
    there.expected = /401/;
    const login = { username: "eva", password: "a calm violet heron" };
    await shop.ask("POST", "/api/users", { ...login, name: "Eva", role: "staff" });
    await here.logIn(login.username, login.password);
    await bound(there).logIn(login.username, login.password);
    await here.open("/account");
    await here.page.getByRole("button", { name: /^End / }).click();
    await here.button("End session").click();
    await here.read("The session has ended.");
    await here.page.getByRole("button", { name: /^End / }).waitFor({ state: "detached" });
    await bound(there).open("/");
    await there.page.getByRole("heading", { name: "Log in to SmartFlow" }).waitFor();
}

export async function a_password_is_changed_and_logging_out_shows_the_login({ shop, arrive }) {
    const [before, after] = ["a long enough first one", "quite another long one"];
    await shop.ask("POST", "/api/users", { username: "pat", name: "Pat", role: "staff", password: before });
    const visitor = await arrive();
    const { page, field, button, read, open, logInByForm } = bound(visitor);
    visitor.expected = /400/;
    await open("/");
    await logInByForm("pat", before);
    // Staff have no figures of revenue and health, and nothing of them is asked for.
    assert.equal(await page.getByText("Revenue").count(), 0);
    await open("/account");
    await field("Current password").fill("something else entirely");
    await field("New password").fill(after);
    await field("New password again").fill(after);
    await button("Change password").click();
    await page.locator('[aria-invalid="true"]').waitFor();
    await field("Current password").fill(before);
    await button("Change password").click();
    await read("Your password was changed.");
    await page.getByRole("main").getByRole("button", { name: "Log out" }).click();
    await logInByForm("pat", after);
}
