"""Partners as their manifests describe them: forms, calls, answers; and a simulator of them."""
