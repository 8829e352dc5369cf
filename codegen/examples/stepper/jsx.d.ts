// What JSX may have, for TypeScript.
import type { PhasegateStepper, StepperAttributes } from "./order-stepper.js";

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "phasegate-stepper": DetailedHTMLProps<HTMLAttributes<PhasegateStepper>, PhasegateStepper> & StepperAttributes;
    }
  }
}
