"""Every Markdown file that git tracks: links, code, diagrams and commands in it are as they say."""
