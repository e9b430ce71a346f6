// What can't be undone is asked first.
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Confirm } from "./dialog";
import { Failure } from "./states";

interface AskedProps {
    /// What the button is called, and, for those who don't see where it stands, what it is about.
    name: string;
    of?: string;
    /// The question, and what the button that answers it says it does.
    title: string;
    verb: string;
    /// What will have happened.
    children: ReactNode;
    does: () => Promise<unknown>;
    done: () => unknown;
    /// When the server has something against it, which is said beneath the question.
    refused?: () => void;
}

/// A button, and the question behind it.
export function AskedButton({ name, of, title, verb, children, does, done, refused }: AskedProps) {
    const [asking, setAsking] = useState(false);
    const act = useMutation({
        mutationFn: does,
        onSuccess: async () => {
            await done();
            setAsking(false);
        },
        onError: () => refused?.(),
    });
    return (
        <>
            <button className="button" type="button" onClick={() => setAsking(true)}>
                {name}
                {of !== undefined && <span className="visually-hidden"> {of}</span>}
            </button>
            {asking && (
                <Confirm
                    title={title}
                    verb={verb}
                    danger
                    busy={act.isPending}
                    confirm={() => act.mutate()}
                    close={() => {
                        setAsking(false);
                        act.reset();
                    }}
                >
                    {children}
                    {act.isError && <Failure reason={act.error} />}
                </Confirm>
            )}
        </>
    );
}
