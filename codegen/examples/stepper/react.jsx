// The element in React 19, which listens to an element's own events by `on` and their name.
import { useState } from "react";
import { createRoot } from "react-dom/client";
import "./order-stepper.js";

function Order({ id }) {
  const [status, setStatus] = useState("");
  return (
    <section>
      <h1>Order {id}: {status}</h1>
      <phasegate-stepper
        events={`/api/orders/${id}/events`}
        onphasegate-change={({ detail }) => setStatus(detail.view.status.title)}
      />
    </section>
  );
}

const root = createRoot(document.getElementById("app"));
export const show = (id) => root.render(id ? <Order key={id} id={id} /> : null);
