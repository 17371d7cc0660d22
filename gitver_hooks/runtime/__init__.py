"""What an app imports: from the active-model file to MLflow. Standard library only."""
