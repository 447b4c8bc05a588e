"""Pages as Streamlit's own test driver draws them."""
