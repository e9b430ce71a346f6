// A password for somebody else: typed, or made up and shown so that it can be handed over.
import { useState } from "react";
import { CopyField } from "./copy";
import { TextField } from "./field";

/// Letters and digits that nobody mistakes for each other; 32 of them, so that a byte's five bits are one.
const letters = "abcdefghjkmnpqrstuvwxyz23456789A";

/// Twenty random letters: a hundred bits.
function madeUp(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(20));
    return Array.from(bytes, (byte) => letters.charAt(byte & 31))
        .join("")
        .replace(/.{5}(?=.)/g, "$&-");
}

interface NewPasswordProps {
    value: string;
    change: (value: string) => void;
    error?: string | undefined;
}

export function NewPassword({ value, change, error }: NewPasswordProps) {
    const [shown, setShown] = useState("");
    return (
        <>
            <TextField
                label="Password"
                type="password"
                autoComplete="new-password"
                value={value}
                change={change}
                error={error}
                hint="12 characters or more. They can change it themselves."
                required
            />
            {shown !== "" && shown === value ? (
                <CopyField label="The password that was made up" text={shown} />
            ) : (
                <div>
                    <button
                        className="button"
                        type="button"
                        onClick={() => {
                            const next = madeUp();
                            setShown(next);
                            change(next);
                        }}
                    >
                        Make one up
                    </button>
                </div>
            )}
        </>
    );
}
