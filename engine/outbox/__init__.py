"""What happens with a message after an answer: tries, waits and final states, as pure rules."""
