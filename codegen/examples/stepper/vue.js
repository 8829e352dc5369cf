// The element in Vue 3. In templates tell the compiler: `isCustomElement: (tag) => tag === "phasegate-stepper"`.
import { createApp, h, ref } from "vue";
import "./order-stepper.js";

const Order = {
  props: { id: { type: String, required: true } },
  setup(props) {
    const status = ref("");
    const onPhasegateChange = ({ detail }) => (status.value = detail.view.status.title);
    return () =>
      h("section", [
        h("h1", `Order ${props.id}: ${status.value}`),
        h("phasegate-stepper", { events: `/api/orders/${props.id}/events`, onPhasegateChange }),
      ]);
  },
};

const id = ref(null);
createApp({ render: () => id.value && h(Order, { key: id.value, id: id.value }) }).mount("#app");
export const show = (order) => (id.value = order);
